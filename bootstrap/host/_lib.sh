# Shared by the scripts of this folder, which run on the host before there is a container: POSIX sh and awk, nothing more.
# shellcheck shell=sh

ENV_FILE=${COMPOSE_ENV_FILES:-.env}

say()  { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die()  { printf 'error: %s\n' "$*" >&2; exit 2; }

# Every variable a person may set, in the order of .env.example.
known_names() { sed -n 's/^\([A-Z][A-Z0-9_]*\)=.*/\1/p' .env.example; }

# The value of NAME in .env; where that is empty or missing, the default .env.example has.
value_of() {
    value=$(sed -n "s/^$1=//p" "$ENV_FILE" | tail -n 1)
    [ -n "$value" ] || value=$(sed -n "s/^$1=//p" .env.example)
    printf '%s\n' "$value"
}

# Replace .env with standard input: written beside it and renamed, so that a full disk or a Ctrl-C loses nothing.
replace_env() {
    umask 077
    cat > "$ENV_FILE.new" && mv "$ENV_FILE.new" "$ENV_FILE"
}

# .env is the one source of settings. Compose would let a variable of the calling shell win over it, in this shell only.
forget_the_shells_settings() {
    for name in $(known_names) $DERIVED; do unset "$name"; done
}
DERIVED="COMPOSE_FILE COMPOSE_PROFILES BIND_ADDRESS PHONE_ADDRESS ADVERTISED_IP HOST_IP SITE RTP_PORTS LOG_JSON CADDY_LOG SERVER_SECRETS KEY_SECRET"
