# Facts about this host and the line's containers, for the doctor: a row NAME=value for each, and no row for what cannot
# be found out. Nothing is changed, and no value is a secret.
# shellcheck shell=sh

SETTINGS='ADVERTISED_IP SITE NETWORK SIP_PORT RTP_PORTS TURN_UDP_PORT COMPOSE_PROFILES SERVER_LOG_LEVEL LOG_LEVEL'

tell_facts() {
    tell_of_the_machine
    tell_of_the_engine
    tell_of_the_settings
    tell_of_the_network
    tell_of_the_services
}

# One fact; nothing if it is not known. A value is one row.
fact() { # NAME VALUE
    [ -z "$2" ] || printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr -d '\r' | head -n 1)"
}

# Without the command timeout, as on macOS, whoever waits too long can press Ctrl-C.
within() { # SECONDS COMMAND...
    if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi
}

yes_or_no() { if "$@" >/dev/null 2>&1; then say yes; else say no; fi; }

tell_of_the_machine() {
    if [ -r /proc/meminfo ]; then
        fact MEMORY_AVAILABLE_MB "$(awk '/^MemAvailable:/ { print int($2 / 1000) }' /proc/meminfo)"
        fact LOAD "$(cut -d ' ' -f 2 /proc/loadavg)"
    fi
    if command -v timedatectl >/dev/null; then
        fact CLOCK_SYNCHRONIZED "$(within 5 timedatectl show --property NTPSynchronized --value 2>/dev/null || true)"
    fi
    if command -v ip >/dev/null; then
        fact IPV4_ROUTE "$(is_written "$(ip -4 route show default 2>/dev/null || true)")"
        fact IPV6_ROUTE "$(is_written "$(ip -6 route show default 2>/dev/null || true)")"
        fact OUTGOING_ADDRESS "$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')"
        ip -4 -o address show scope global 2>/dev/null | awk '{ sub(/\/.*/, "", $4); print "HOST_ADDRESS=" $4 }'
    elif command -v ifconfig >/dev/null; then
        ifconfig 2>/dev/null | awk '$1 == "inet" && $2 !~ /^127\./ { print "HOST_ADDRESS=" $2 }'
    fi
}

is_written() { if [ -n "$1" ]; then say yes; else say no; fi; }

tell_of_the_engine() {
    fact ENGINE_VERSION "$(docker version --format '{{.Server.Version}}' 2>/dev/null || true)"
    fact COMPOSE_VERSION "$(docker compose version --short 2>/dev/null || true)"
    fact MIN_ENGINE "$MIN_ENGINE"
    fact MIN_COMPOSE "$MIN_COMPOSE"
    kind=$(kind_of_engine)
    if [ "$kind" = rootless ] && ! shows_addresses; then kind=rootless_hidden; fi
    fact ENGINE_KIND "$kind"
    case $kind in
        linux) tell_if_it_starts_at_boot ;;
        rootless*) tell_if_it_starts_at_boot --user ;;
    esac
    fact CPUS "$(docker info --format '{{.NCPU}}')"
    fact MEMORY_MB "$(engine_memory)"
    root=$(docker info --format '{{.DockerRootDir}}')
    [ ! -d "$root" ] || fact DISK_FREE_MB "$(df -Pm "$root" | awk 'NR == 2 { print $4 }')"
}

tell_if_it_starts_at_boot() { # [--user]
    command -v systemctl >/dev/null || return 0
    case $(systemctl "$@" is-enabled docker 2>/dev/null || true) in
        enabled) fact STARTS_AT_BOOT yes ;;
        disabled) fact STARTS_AT_BOOT no ;;
    esac
}

tell_of_the_settings() {
    fact RESTORE_INTERRUPTED "$(yes_or_no test -e "$ENV_FILE.restore")"
    fact ENV_FILE "$(yes_or_no test -e "$ENV_FILE")"
    [ -e "$ENV_FILE" ] || return 0
    # shellcheck disable=SC2012 # macOS and Linux have no other command for it in common
    fact ENV_MODE "$(ls -ld "$ENV_FILE" | cut -c 1-10)"
    fact ENV_ROWS_WRONG "$(rows_that_are_wrong)"
    fact ENV_IS_NEWER "$(is_written "$(rows_that_would_follow 2>/dev/null || true)")"
    fact MEMORY_NEEDED_MB "$(needed_memory)"
    for name in $SETTINGS; do fact "$name" "$(value_of "$name")"; done
}

rows_that_are_wrong() {
    {
        (lint_env) || true
        (check_settings) || true
        (check_line_secrets) || true
    } 2>&1 | grep -Ec ':[0-9]+: |^error: [A-Z_]+ is ' || true
}

# What make up would write at the end of .env, and is not there yet. The public address is taken to be the same, if make
# up would still ask for one.
rows_that_would_follow() {
    grep -q '^ENV_CHECKSUMS=' "$ENV_FILE" || return 0   # make up has never run, which is no news
    (
        # shellcheck disable=SC2329 # derive calls it
        external_address() { # DOMAIN
            if [ -n "$(value_of PUBLIC_IP)" ]; then value_of PUBLIC_IP; return; fi
            case $1 in '' | localhost) return ;; esac
            known=$(value_of ADVERTISED_IP)
            say "${known:-unknown}"
        }
        derive
    ) | awk 'NR == FNR { there[$0]; next } !($0 in there) { sub(/=.*/, ""); print }' "$ENV_FILE" -
}

tell_of_the_network() {
    fact ADDRESS_SERVICES "$ADDRESS_SERVICES"
    [ -e "$ENV_FILE" ] || return 0
    fact SUBNET_TAKEN "$(owner_of_the_subnet 2>/dev/null || true)"
    # With NETWORK=host a listener does not show its container, so ours would look like another program's.
    [ "$(value_of NETWORK)" != host ] || [ -z "$(container_of sip)$(container_of livekit)" ] || return 0
    with_each_port tell_if_taken
}

tell_if_taken() { # NAME, PORT, KIND
    case $2 in '' | *[!0-9-]*) return 0 ;; esac
    taken=$(holder "$2" "$3")
    [ -z "$taken" ] || say "TAKEN=$1 ${taken%% *}/$3 ${taken#* }"
}

ours() { say "label=com.docker.compose.project=$(project)"; }

# The id of a service's container, if it runs.
container_of() { # SERVICE
    docker ps --quiet --filter "$(ours)" --filter "label=com.docker.compose.service=$1" \
        --filter label=com.docker.compose.oneoff=False
}

in_service() { # SERVICE SECONDS COMMAND...
    container=$(container_of "$1")
    [ -n "$container" ] || return 1
    seconds=$2; shift 2
    within "$seconds" docker exec "$container" "$@" </dev/null 2>/dev/null
}

tell_of_the_services() {
    containers=$(docker ps --all --quiet --filter "$(ours)" --filter label=com.docker.compose.oneoff=False)
    if [ -n "$containers" ]; then
        # shellcheck disable=SC2086 # a list of ids
        docker inspect --format "$SEEN_IN_A_CONTAINER" $containers | awk NF
        tell_what_compose_would_replace
    fi
    for service in redis livekit sip agent; do tell_the_time "$service"; done
    tell_of_redis
    fact CERTIFICATES "$(in_service caddy 5 sh -c "$LOOK_FOR_CERTIFICATES" || true)"
    fact AGENT "$( { in_service agent 120 python -m agent.worker.examine || examine_without_the_service; } | grep '^{')"
}

LOOK_FOR_CERTIFICATES='find /data/caddy/certificates -name "*.crt" 2>/dev/null | grep -q . && echo yes || echo no'

# shellcheck disable=SC2016 # Docker's own language, in which $ begins a name
SEEN_IN_A_CONTAINER='{{$service := index .Config.Labels "com.docker.compose.service" -}}
SERVICE={{$service}} state={{.State.Status}} health={{with .State.Health}}{{.Status}}{{end}}'\
' restarts={{.RestartCount}} started={{.State.StartedAt}}'\
' address={{range .NetworkSettings.Networks}}{{.IPAddress}},{{end}}'\
' advertises={{range .Config.Env}}{{if eq (printf "%.14s" .) "ADVERTISED_IP="}}{{slice . 14}}{{end}}{{end}}
{{range $port, $bindings := .NetworkSettings.Ports}}{{range $bindings -}}
PUBLISHED={{$service}} {{$port}} {{.HostIp}}
{{end}}{{end}}'

# Ask Compose which containers it would replace, because they have other settings than .env. It does nothing else.
# `config --hash` does not know the values that pass from .env to a service, so its answer differs from the containers'.
tell_what_compose_would_replace() {
    within 30 docker compose --dry-run --progress plain create --no-build --pull never 2>&1 |
        awk -v project="$(project)" '
            match($0, /Container [^ ]+/) {
                asked = 1
                name = substr($0, RSTART + 10, RLENGTH - 10); rest = substr($0, RSTART + RLENGTH)
                if (rest ~ /Recreate/ && index(name, project "-") == 1) {
                    sub(/-[0-9]+$/, "", name); print "REPLACED=" substr(name, length(project) + 2)
                }
            }
            END { if (asked) print "COMPOSE_WAS_ASKED=yes" }' || true
}

# What time it is in a container, between two looks at the host's clock.
tell_the_time() { # SERVICE
    before=$(date +%s)
    there=$(in_service "$1" 5 date +%s) || return 0
    say "TIME=$1 $before $there $(date +%s)"
}

tell_of_redis() {
    # shellcheck disable=SC2016 # the container's shell expands it
    in_service redis 5 sh -c 'export REDISCLI_AUTH="$(cat /run/secrets/redis_password)"
        redis-cli ping; redis-cli info persistence; redis-cli config get maxmemory-policy; redis-cli client list
        redis-cli hkeys sip_inbound_trunk' |
        tr -d '\r' | awk -F '[: ]' '
            NR == 1 { print "REDIS_PING=" $0 }
            $1 == "aof_enabled" { on = $2 ? "on" : "off" }
            $1 == "aof_last_write_status" { print "REDIS_SAVES=" on " " $2 }
            policy { print "REDIS_POLICY=" $0; policy = 0 }
            $0 == "maxmemory-policy" { policy = 1 }
            /^ST_/ { print "REDIS_TRUNK=" $0 }
            / addr=/ { sub(/.* addr=/, ""); sub(/:.*/, ""); print "REDIS_CLIENT=" $0 }
        ' || true
}

# The agent's image can say much even if the service does not run. Compose would make the volume if there is none.
examine_without_the_service() {
    [ -e "$ENV_FILE" ] || return 0
    docker volume inspect "$(project)_data" >/dev/null 2>&1 || return 0
    docker image inspect "$(image_of agent)" >/dev/null 2>&1 || return 0
    within 120 docker compose --progress quiet run --rm --no-deps -T --entrypoint python agent \
        -m agent.worker.examine </dev/null 2>/dev/null || true
}
