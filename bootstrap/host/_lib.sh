# Shared by the scripts of this folder. They run on the host before there is a container, so they need only POSIX sh
# and awk.
# shellcheck shell=sh

say()  { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die()  { printf 'error: %s\n' "$*" >&2; exit 2; }

ENV_FILE=${COMPOSE_ENV_FILES:-.env}
case $ENV_FILE in
    *,*) die "COMPOSE_ENV_FILES is '$ENV_FILE', but Landline reads a single file of settings. Name one, or unset it." ;;
esac

# Every variable a person may set, in the order of .env.example.
known_names() { names_in .env.example; }
names_in() { sed -n 's/^\([A-Z][A-Z0-9_]*\)=.*/\1/p' "$1"; }

# Every variable that make writes at the end of .env: those in _derive.sh, and one or two checksums for each service.
derived_names() {
    sed -n 's/^ *say "\([A-Z_]*\)=.*/\1/p' bootstrap/host/_derive.sh
    given_to_services | awk '{ print $1 "_OF_" $2 }' | sort -u
}

# What compose.yaml gives to each service, one item a row: `SECRETS SERVICE VARIABLE` or `FILES SERVICE PATH`.
# The file is read twice, since the variables of the secrets are at its end.
given_to_services() {
    awk '
        /^[a-z]/ { block = $1 }
        block == "secrets:" && /environment:/ {
            variable = $0; sub(/.*environment: */, "", variable); sub(/[ }].*/, "", variable)
            variable_of[substr($1, 1, length($1) - 1)] = variable
        }
        NR == FNR || block != "services:" { next }
        /^  [a-z]+:$/ { service = toupper(substr($1, 1, length($1) - 1)) }
        /^    secrets: \[/ {
            list = $0; sub(/.*\[/, "", list); sub(/\].*/, "", list)
            n = split(list, secrets, /, */)
            for (i = 1; i <= n; i++) print "SECRETS", service, variable_of[secrets[i]]
        }
        /^      - \.\/.*:ro$/ { path = $2; sub(/:.*/, "", path); print "FILES", service, path }
    ' compose.yaml compose.yaml
}

# The value of NAME in .env; if that is empty or missing, the default in .env.example.
value_of() { value_in "$ENV_FILE" "$1"; }
value_in() { # FILE, NAME: the same in another file than .env
    awk -v name="$2=" '
        index($0, name) == 1 { value[FILENAME] = substr($0, length(name) + 1) }
        END { print value[ARGV[1]] != "" ? value[ARGV[1]] : value[ARGV[2]] }
    ' "$1" .env.example
}

# The settings that name a port which every line publishes, and how each port is used. TURN_PORT is published only if
# TURN is on, and RTP_PORT_RANGE names many.
names_of_ports() { say SIP_PORT HTTP_PORT HTTPS_PORT RTC_TCP_PORT RTC_UDP_PORT API_PORT; }
kinds_of() { case $1 in SIP_PORT) say udp tcp ;; RTC_UDP_PORT) say udp ;; *) say tcp ;; esac; } # NAME

# The port of Prometheus, which only this machine reaches; nothing if it is not published.
metrics_port() { [ "$(value_of METRICS)" != yes ] || value_of METRICS_PORT; }

# Compose's profiles that are on, comma-separated. Whether the embedded models' is, `local`, make up asks the agent.
profiles() { # local or nothing
    on=$1
    [ "$(value_of METRICS)" != yes ] || on=${on:+$on,}metrics
    say "$on"
}
has_profile() { in_list "$1" "$(value_of COMPOSE_PROFILES)"; } # NAME
in_list() { case ",$2," in *",$1,"*) ;; *) return 1 ;; esac; } # ONE, LIST

# Replace FILE with standard input, written beside it and then renamed, so that a full disk or a Ctrl-C loses nothing.
replace() { cat > "$1.new" && mv "$1.new" "$1"; }
replace_private() { (umask 077 && replace "$1"); }

# .env is the only source of settings. Compose would prefer a variable that the calling shell exports, and other shells
# would not have it.
forget_the_shells_settings() {
    for name in $(known_names) $(derived_names); do unset "$name"; done
}

# The user who typed the command, as user:group, so that the files that a container writes are theirs. To a rootless
# engine, that is root.
this_user() {
    case $(docker info --format '{{.SecurityOptions}}' 2>/dev/null) in
        *rootless*) say 0:0 ;;
        *) say "$(id -u):$(id -g)" ;;
    esac
}
