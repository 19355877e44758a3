# What follows from the settings: which services and files Compose uses, which address is advertised, where ports open.
# shellcheck shell=sh

derive() {
    check_settings
    domain=$(value_of DOMAIN)
    address=$(external_address "$domain")
    files=compose.yaml ports=10000-10099 host_ip=
    if [ "$(value_of NETWORK)" = host ]; then
        [ -n "$address" ] || die "NETWORK=host opens the line to the network this host is in: set DOMAIN or PUBLIC_IP in $ENV_FILE, or NETWORK=bridge."
        command -v ip >/dev/null || die "NETWORK=host needs the ip command, to find this host's own address. Install iproute2."
        files=compose.yaml:livekit/host-network.yaml ports=10000-19999
        host_ip=$(ip -4 route get 192.0.2.1 | sed -n 's/.* src \([0-9.]*\).*/\1/p')
    fi
    range=$(value_of RTP_PORT_RANGE)
    say "COMPOSE_FILE=$files"
    say "COMPOSE_PROFILES=$(profiles)"
    say "BIND_ADDRESS=$(if [ -n "$address" ]; then say 0.0.0.0; else say 127.0.0.1; fi)"
    say "PHONE_ADDRESS=$(value_of SUBNET).10"
    say "ADVERTISED_IP=$address"
    say "HOST_IP=$host_ip"
    say "SITE=$(site "$domain" "$address")"
    say "RTP_PORTS=${range:-$ports}"
    case $(value_of LOG_FORMAT) in
        json) say "LOG_JSON=true"; say "CADDY_LOG=json" ;;
        *) say "LOG_JSON=false"; say "CADDY_LOG=console" ;;
    esac
    # Compose does not see that a secret has changed; as a label, its checksum makes it replace the container.
    say "SERVER_SECRETS=$(checksum LIVEKIT_API_KEY LIVEKIT_API_SECRET REDIS_PASSWORD)"
    say "KEY_SECRET=$(checksum OPENAI_API_KEY CALLER_LOOKUP_URL CALLER_LOOKUP_TOKEN WEBHOOK_URL WEBHOOK_SECRET)"
}

# Every wrong setting that a container could not tell about, in one report. The others are bootstrap's and the agent's to judge.
check_settings() {
    wrong=0
    one_of NETWORK bridge host
    one_of SPEECH_SIZE default small
    one_of LOG_FORMAT text json
    one_of SERVER_LOG_LEVEL debug info warn error
    for name in SIP_PORT HTTP_PORT HTTPS_PORT RTC_TCP_PORT RTC_UDP_PORT API_PORT; do
        is_number "$name" 1 65535 "a port from 1 to 65535"
    done
    is_number DRAIN_GRACE 1 60 "seconds from 1 to 60: longer, and the container is killed before the goodbye"
    value_of REDIS_PASSWORD | grep -Eq '^[A-Za-z0-9_-]{32,}$' ||
        complain REDIS_PASSWORD "not shown here" "32 or more letters, digits, - or _; empty, and make up generates it"
    [ -z "$(value_of PUBLIC_IP)" ] || is_address "$(value_of PUBLIC_IP)" ||
        complain PUBLIC_IP "$(value_of PUBLIC_IP)" "an IPv4 address such as 203.0.113.7"
    is_address "$(value_of SUBNET).0" || complain SUBNET "$(value_of SUBNET)" "the first three numbers of a private network, such as 172.29.53"
    is_host_name "$(value_of DOMAIN)" || complain DOMAIN "$(value_of DOMAIN)" "a host name alone, such as line.example.com"
    is_port_range "$(value_of RTP_PORT_RANGE)" ||
        complain RTP_PORT_RANGE "$(value_of RTP_PORT_RANGE)" "first-last between 1024 and 65535, such as 10000-10099"
    [ "$wrong" -eq 0 ] || exit 2
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

is_number() { # NAME FIRST LAST EXPECTED
    found=$(value_of "$1")
    case $found in
        '' | *[!0-9]* | ??????*) complain "$1" "$found" "$4" ;;
        *) [ "$found" -ge "$2" ] && [ "$found" -le "$3" ] || complain "$1" "$found" "$4" ;;
    esac
}

is_address() {
    printf '%s\n' "$1" | awk -F. 'NF == 4 { ok = 1; for (i = 1; i <= 4; i++) if ($i !~ /^(0|[1-9][0-9]?[0-9]?)$/ || $i > 255) ok = 0 } END { exit !ok }'
}

is_host_name() { case $1 in *[!A-Za-z0-9.-]*) return 1 ;; esac; }

is_port_range() {
    [ -z "$1" ] || printf '%s\n' "$1" |
        awk -F- 'NF == 2 && $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ && $1 >= 1024 && $2 <= 65535 && $2 > $1 { ok = 1 } END { exit !ok }'
}

# The embedded models run unless everything is somebody else's: a key is set, and no provider is named `speech`.
profiles() {
    chosen=$(value_of STT),$(value_of LLM),$(value_of TTS),$(value_of STT_FALLBACK),$(value_of LLM_FALLBACK),$(value_of TTS_FALLBACK)
    case $(value_of OPENAI_API_KEY)/$chosen in
        */speech/* | *,speech/*) say local ;;
        /openai/*,openai/*,openai/*) ;;
        /*) say local ;;
    esac
}

external_address() {
    if [ -n "$(value_of PUBLIC_IP)" ]; then value_of PUBLIC_IP; return; fi
    case $1 in '' | localhost) return ;; esac
    say "asking for this host's public address" >&2
    for service in https://checkip.amazonaws.com https://api.ipify.org https://ifconfig.me/ip; do
        found=$( (curl -fsS4 --max-time 5 "$service" || wget -qO- -T 5 "$service") 2>/dev/null | tr -d '[:space:]') || continue
        if is_address "$found"; then say "$found"; return; fi
    done
    known=$(value_of ADVERTISED_IP)
    [ -n "$known" ] || die "DOMAIN is set, so the line needs this host's public address, and no service told it. Set PUBLIC_IP in $ENV_FILE."
    warn "no service told this host's public address; the one known from before is used: $known"
    say "$known"
}

site() {
    case $1 in
        '') say localhost ;;
        auto) say "$(printf '%s' "$2" | tr . -).sslip.io" ;;
        *) say "$1" ;;
    esac
}

checksum() {
    for name in "$@"; do value_of "$name"; done | cksum | cut -d ' ' -f 1
}
