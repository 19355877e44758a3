#!/bin/sh
# Make .env: copy .env.example the first time, fill in the secrets, append what a newer release adds, and write what
# follows from the settings (files, addresses, checksums) at its end. A person's rows are never changed, except for
# settings that belong to a line now, which move there. Make the folder of the lines, too, if there is none.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_lint_env.sh
. bootstrap/host/_derive.sh
. bootstrap/host/_toml.sh
. bootstrap/host/_lines.sh
. bootstrap/host/_move.sh

MARK='# Below: written by "make up" from the settings above, so that "docker compose" by itself does the same.'

OURS=$(derived_names; names_make_wrote_once)

# What a person wrote, also below the mark; awk ends the last row if it has no line feed.
a_persons_lines() { written no; }
written_lines() { written yes; }
written() { # yes or no: the rows that make wrote, or all others
    NAMES=$OURS awk -v want="$1" -v mark="$MARK" '
        BEGIN { n = split(ENVIRON["NAMES"], list, /[ \n]+/); for (i = 1; i <= n; i++) ours[list[i]] = 1 }
        { name = $0; sub(/=.*/, "", name); is = ($0 == mark || name in ours) ? "yes" : "no"; if (is == want) print }
    ' "$ENV_FILE"
}

create() {
    [ -e "$ENV_FILE" ] && return
    replace_private "$ENV_FILE" < .env.example
    say "made $ENV_FILE from .env.example"
}

add_what_is_missing() {
    missing=$(awk -F= 'NR == FNR { there[$1]; next } /^[A-Z]/ && !($1 in there)' "$ENV_FILE" .env.example)
    [ -n "$missing" ] || return 0
    started=$(written_lines)
    { a_persons_lines; say "$missing"; written_lines; } | replace_private "$ENV_FILE"
    if [ -n "$started" ]; then
        say "added to $ENV_FILE, new in this release: $(say "$missing" | cut -d = -f 1 | paste -s -d ' ' -)"
    else
        say "added the other settings to $ENV_FILE, with their defaults"
    fi
}

generate_secrets() {
    for name in LIVEKIT_API_KEY LIVEKIT_API_SECRET REDIS_PASSWORD; do
        [ -z "$(value_of "$name")" ] || continue
        secret=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
        fill_in "$name" "$secret"
    done
    [ -z "$(value_of DESK_PASSWORD)" ] || return 0
    secret=$(od -An -N10 -tx1 /dev/urandom | tr -d ' \n')
    fill_in DESK_PASSWORD "$secret"
    say "made the desk's password: $secret (it is DESK_PASSWORD in $ENV_FILE)"
}

fill_in() { sed "s/^$1=\$/$1=$2/" "$ENV_FILE" | replace_private "$ENV_FILE"; } # NAME, VALUE

write_what_follows() {
    derived=$(derive)
    { a_persons_lines; say "$MARK"; say "$derived"; } | replace_private "$ENV_FILE"
}

create
chmod 600 "$ENV_FILE"
lint_env
check_settings
check_line_secrets
check_moves
make_lines
move_to_first_line
add_what_is_missing
generate_secrets
write_what_follows
let_containers_read
