#!/bin/sh
# Make .env: copied from .env.example the first time, secrets filled in, what a newer release adds appended,
# what follows from the settings (profiles, files, addresses) written at its end. A person's lines are never changed.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_lint_env.sh
. bootstrap/host/_derive.sh

MARK='# Below: written by "make up" from the settings above, so that "docker compose" by itself does the same.'

# What a person wrote, also below the mark; awk ends an unended last line.
a_persons_lines() { written no; }
written_lines() { written yes; }
written() { # yes or no: the lines that make wrote, or all others
    awk -v want="$1" -v mark="$MARK" -v names="$DERIVED" '
        BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) ours[list[i]] = 1 }
        { name = $0; sub(/=.*/, "", name); is = ($0 == mark || name in ours) ? "yes" : "no"; if (is == want) print }' "$ENV_FILE"
}

create() {
    [ -e "$ENV_FILE" ] && return
    replace_env < .env.example
    say "made $ENV_FILE from .env.example"
}

add_what_is_missing() {
    for name in $(known_names); do
        grep -q "^$name=" "$ENV_FILE" && continue
        line=$(grep "^$name=" .env.example)
        { a_persons_lines; say "$line"; written_lines; } | replace_env
        say "added $name to $ENV_FILE, new in this release"
    done
}

generate_secrets() {
    for name in LIVEKIT_API_KEY LIVEKIT_API_SECRET REDIS_PASSWORD; do
        [ -z "$(value_of "$name")" ] || continue
        secret=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
        sed "s/^$name=\$/$name=$secret/" "$ENV_FILE" | replace_env
    done
}

write_what_follows() {
    derived=$(derive)
    { a_persons_lines; say "$MARK"; say "$derived"; } | replace_env
}

create
chmod 600 "$ENV_FILE"
lint "$ENV_FILE"
add_what_is_missing
generate_secrets
write_what_follows
