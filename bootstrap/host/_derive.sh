# What follows from the settings: which files Compose uses, which address is advertised, where ports open, and what
# makes Compose replace a container. derived_names reads the names out of this file, so each `say "NAME=`
# needs a row of its own.
# shellcheck shell=sh

derive() {
    domain=$(value_of DOMAIN)
    address=$(external_address "$domain")
    files=compose.yaml host_ip='' turn=''
    if [ -n "$address" ] && [ "$(value_of TURN)" = yes ]; then
        files=$files:livekit/turn.yaml turn=$(value_of TURN_PORT)
    fi
    [ -z "$(metrics_port)" ] || files=$files:metrics/published.yaml
    if [ "$(value_of NETWORK)" = host ]; then
        [ -n "$address" ] || die "NETWORK=host opens the line to the network this host is in:" \
            "set DOMAIN or PUBLIC_IP in $ENV_FILE, or NETWORK=bridge."
        command -v ip >/dev/null ||
            die "NETWORK=host needs the ip command, to find this host's own address. Install iproute2."
        files=$files:livekit/host-network.yaml   # the last file, since it takes ports away
        host_ip=$(ip -4 route get 192.0.2.1 | sed -n 's/.* src \([0-9.]*\).*/\1/p')
    fi
    local=''
    ! has_profile local || local=local
    case $address in '') bind=127.0.0.1 ;; *) bind=0.0.0.0 ;; esac
    case $(value_of LOG_FORMAT) in json) json=true caddy=json ;; *) json=false caddy=console ;; esac
    case $(value_of API_TOKEN) in '') calls=no ;; *) calls=yes ;; esac
    provider_keys=$(encoded_provider_keys)
    line_secrets=$(encoded_line_secrets)
    say "COMPOSE_FILE=$files"
    say "COMPOSE_PROFILES=$(profiles "$local")"
    say "BIND_ADDRESS=$bind"
    say "PHONE_ADDRESS=$(value_of SUBNET).10"
    say "ADVERTISED_IP=$address"
    say "HOST_IP=$host_ip"
    say "SITE=$(site "$domain" "$address")"
    say "RTP_PORTS=$(rtp_ports)"
    say "TURN_UDP_PORT=$turn"
    say "LOG_JSON=$json"
    say "CADDY_LOG=$caddy"
    say "CALLS_API=$calls"
    say "DESK_USER=$(this_user)"
    say "PROVIDER_KEYS=$provider_keys"
    say "LINE_SECRETS=$line_secrets"
    say "AUTHORITIES=$(checksum_of_authorities)"
    say "ENV_CHECKSUMS=$(env_checksums)"
    for label in $(given_to_services | awk '{ print $1 "_OF_" $2 }' | sort -u); do
        say "$label=$(checksum_of_what_is_given "${label%%_OF_*}" "${label#*_OF_}")"
    done
}

rtp_ports() {
    range=$(value_of RTP_PORT_RANGE)
    case $(value_of NETWORK) in host) say "${range:-10000-19999}" ;; *) say "${range:-10000-10099}" ;; esac
}

# Report every wrong setting that no container could report. Bootstrap and the agent check the others.
check_settings() {
    wrong=0
    one_of NETWORK bridge host
    one_of SPEECH_SIZE default small   # part of an image's name, which Compose reads before any room starts
    one_of SERVER_LOG_LEVEL debug info warn error
    one_of REMOTE_API no yes
    one_of TURN no yes
    one_of CALENDAR_FEEDS no yes
    one_of TALK_WITHOUT_SIGN_IN no yes
    one_of METRICS no yes
    for name in $(names_of_ports) TURN_PORT METRICS_PORT; do
        case $name in METRICS_PORT) [ -n "$(value_of METRICS_PORT)" ] || continue ;; esac
        is_port "$(value_of "$name")" || complain "$name" "$(value_of "$name")" "a port from 1 to 65535"
    done
    value_of REDIS_PASSWORD | grep -Eq '^([A-Za-z0-9_-]{32,})?$' ||
        complain REDIS_PASSWORD "not shown here" "32 or more letters, digits, - or _, or empty: make up generates it"
    value_of DESK_PASSWORD | grep -Eq '^(.{12,})?$' ||
        complain DESK_PASSWORD "not shown here" "12 or more characters, or empty: make up generates it"
    [ -z "$(value_of PUBLIC_IP)" ] || is_address "$(value_of PUBLIC_IP)" ||
        complain PUBLIC_IP "$(value_of PUBLIC_IP)" "an IPv4 address such as 203.0.113.7"
    is_address "$(value_of SUBNET).0" ||
        complain SUBNET "$(value_of SUBNET)" "the first three numbers of a private network, such as 172.29.53"
    is_host_name "$(value_of DOMAIN)" ||
        complain DOMAIN "$(value_of DOMAIN)" "a host name alone, such as line.example.com"
    is_host_and_port "$(value_of ALERTMANAGER)" ||
        complain ALERTMANAGER "$(value_of ALERTMANAGER)" "a host and its port, such as host.docker.internal:9093"
    is_port_range "$(value_of RTP_PORT_RANGE)" ||
        complain RTP_PORT_RANGE "$(value_of RTP_PORT_RANGE)" "first-last between 1024 and 65535, such as 10000-10099"
    is_path "$(value_of LINES_FOLDER)" ||
        complain LINES_FOLDER "$(value_of LINES_FOLDER)" "a path without a colon that begins with /, ./ or ../"
    [ "$wrong" -ne 0 ] || for clash in $(ports_named_twice); do
        complain "${clash%%=*}" "$(value_of "${clash%%=*}")" "a port that ${clash#*=} does not use"
    done
    [ "$wrong" -eq 0 ] || exit 2
}

# Prints `<name>=<name of another setting that opens the same port>` for each one.
ports_named_twice() {
    {
        for name in $(names_of_ports); do
            for kind in $(kinds_of "$name"); do say "$name $kind $(value_of "$name")"; done
        done
        [ "$(value_of TURN)" = no ] || say "TURN_PORT udp $(value_of TURN_PORT)"
        [ -z "$(metrics_port)" ] || say "METRICS_PORT tcp $(metrics_port)"
        say "RTP_PORT_RANGE udp $(rtp_ports)"
    } | awk '{
            ends = split($3, port, "-")
            name[NR] = $1; kind[NR] = $2; first[NR] = port[1] + 0; last[NR] = port[ends] + 0
            for (i = 1; i < NR; i++)
                if (kind[i] == $2 && first[i] <= last[NR] && first[NR] <= last[i]) print name[i] "=" $1
        }'
}

complain() { # NAME FOUND EXPECTED
    printf 'error: %s is %s in %s; it has to be %s.\n' "$1" "'$2'" "$ENV_FILE" "$3" >&2
    wrong=1
}

one_of() { # NAME VALUE...
    name=$1; shift
    for value in "$@"; do
        if [ "$(value_of "$name")" = "$value" ]; then return 0; fi
    done
    complain "$name" "$(value_of "$name")" "one of: $*"
}

is_port() {
    case $1 in '' | *[!0-9]* | ??????*) return 1 ;; esac
    [ "$1" -ge 1 ] && [ "$1" -le 65535 ]
}

is_address() {
    printf '%s\n' "$1" | awk -F. '
        NF == 4 { ok = 1; for (i = 1; i <= 4; i++) if ($i !~ /^(0|[1-9][0-9]?[0-9]?)$/ || $i > 255) ok = 0 }
        END { exit !ok }'
}

is_host_name() { case $1 in *[!A-Za-z0-9.-]*) return 1 ;; esac; }

is_host_and_port() {
    [ -z "$1" ] || { is_host_name "${1%:*}" && [ -n "${1%:*}" ] && [ "${1%:*}" != "$1" ] && is_port "${1##*:}"; }
}

is_port_range() {
    [ -z "$1" ] || printf '%s\n' "$1" | awk -F- '
        NF == 2 && $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ && $1 >= 1024 && $2 <= 65535 && $2 > $1 { ok = 1 }
        END { exit !ok }'
}

is_path() { case $1 in *:*) return 1 ;; /* | ./* | ../*) ;; *) return 1 ;; esac; }

# They answer with the address that a request comes from.
ADDRESS_SERVICES='https://checkip.amazonaws.com https://api.ipify.org https://ifconfig.me/ip'

external_address() {
    if [ -n "$(value_of PUBLIC_IP)" ]; then value_of PUBLIC_IP; return; fi
    case $1 in '' | localhost) return ;; esac
    say "asking for this host's public address" >&2
    for service in $ADDRESS_SERVICES; do
        found=$( (curl -fsS4 --max-time 5 "$service" || wget -qO- -T 5 "$service") 2>/dev/null | tr -d '[:space:]') ||
            continue
        if is_address "$found"; then say "$found"; return; fi
    done
    known=$(value_of ADVERTISED_IP)
    [ -n "$known" ] || die "DOMAIN is set, so the line needs this host's public address, but no service returned it." \
        "Set PUBLIC_IP in $ENV_FILE."
    warn "no service returned this host's public address; the previous one stays in use: $known"
    say "$known"
}

site() {
    case $1 in
        '') say localhost ;;
        auto) say "$(printf '%s' "$2" | tr . -).sslip.io" ;;
        *) say "$1" ;;
    esac
}

# From these, bootstrap notices that a value did not come from .env.
env_checksums() {
    separator=
    for name in LIVEKIT_URL $(given_to_services | awk '$1 == "SECRETS" && $2 == "BOOTSTRAP" { print $3 }'); do
        printf '%s%s=%s' "$separator" "$name" "$(value_or_new "$name" | checksum)"
        separator=' '
    done
}

# The agent reads the file when it starts, so a change has to replace the container.
checksum_of_authorities() { [ ! -f "$(authorities_file)" ] || checksum < "$(authorities_file)"; }

checksum_of_what_is_given() { # SECRETS or FILES, SERVICE
    given_to_services | awk -v kind="$1" -v service="$2" '$1 == kind && $2 == service { print $3 }' |
        while read -r it; do
            case $1 in SECRETS) value_or_new "$it" ;; FILES) cat "$it" ;; esac
        done | checksum
}

value_or_new() {
    case $1 in
        LINE_SECRETS) printf '%s\n' "$line_secrets" ;;
        PROVIDER_KEYS) printf '%s\n' "$provider_keys" ;;
        *) value_of "$1" ;;
    esac
}

# Every provider's key that is set, as NAME=value, all encoded as one value for Compose. Compose does not know the
# names, so a shell that exports OPENAI_API_KEY changes nothing. LiveKit's and Twilio's keys are for others.
encoded_provider_keys() {
    sed -n '/^LIVEKIT_/d; /^TWILIO_/d; /^[A-Z0-9_]*_API_KEY=./p' "$ENV_FILE" | base64 | tr -d '\n'
}

checksum() { cksum | { read -r sum _; say "$sum"; }; }
