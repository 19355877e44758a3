# What follows from the settings: which services and files Compose uses, which address is advertised, where ports open.
# shellcheck shell=sh

derive() {
    network=$(value_of NETWORK) domain=$(value_of DOMAIN)
    address=$(external_address "$domain")
    site=$(site "$domain" "$address")
    files=compose.yaml ports=10000-10099 host_ip=
    case $network in
        bridge | '') ;;
        host) [ -n "$address" ] || die "NETWORK=host opens the line to the network this host is in: set DOMAIN or PUBLIC_IP in $ENV_FILE, or NETWORK=bridge."
            files=compose.yaml:livekit/host-network.yaml ports=10000-19999
            host_ip=$(ip -4 route get 192.0.2.1 | sed -n 's/.* src \([0-9.]*\).*/\1/p') ;;
        *) die "NETWORK is '$network' in $ENV_FILE; it can be bridge or host." ;;
    esac
    range=$(value_of RTP_PORT_RANGE); check_port_range "$range"
    say "COMPOSE_FILE=$files"
    say "COMPOSE_PROFILES=$(profiles)"
    say "BIND_ADDRESS=$(if [ -n "$address" ]; then say 0.0.0.0; else say 127.0.0.1; fi)"
    say "PHONE_ADDRESS=$(value_of SUBNET | sed 's/^$/172.29.53/').10"
    say "ADVERTISED_IP=$address"
    say "HOST_IP=$host_ip"
    say "SITE=$site"
    say "RTP_PORTS=${range:-$ports}"
    case $(value_of LOG_FORMAT) in
        json) say "LOG_JSON=true"; say "CADDY_LOG=json" ;;
        text | '') say "LOG_JSON=false"; say "CADDY_LOG=console" ;;
        *) die "LOG_FORMAT is '$(value_of LOG_FORMAT)' in $ENV_FILE; it can be text or json." ;;
    esac
}

# The embedded models run unless everything is somebody else's: a key is set, and no provider is named `speech`.
profiles() {
    chosen=$(value_of STT),$(value_of LLM),$(value_of TTS)
    case $(value_of OPENAI_API_KEY)/$chosen in
        /openai/*,openai/*,openai/*) ;;
        /* | */speech/* | *,speech/*) say local ;;
    esac
}

external_address() {
    given=$(value_of PUBLIC_IP)
    if [ -n "$given" ]; then
        is_address "$given" || die "PUBLIC_IP is '$given' in $ENV_FILE; it has to be an IPv4 address such as 203.0.113.7."
        say "$given"
    elif [ -n "$1" ] && [ "$1" != localhost ]; then
        for service in https://checkip.amazonaws.com https://api.ipify.org https://ifconfig.me/ip; do
            found=$( (curl -fsS4 --max-time 5 "$service" || wget -qO- -T 5 "$service") 2>/dev/null | tr -d '[:space:]') || continue
            if is_address "$found"; then say "$found"; return; fi
        done
        die "DOMAIN is set, so the line needs this host's public address, and no service told it. Set PUBLIC_IP in $ENV_FILE."
    fi
}

is_address() {
    printf '%s' "$1" | awk -F. 'NF == 4 { for (i = 1; i <= 4; i++) if ($i !~ /^(0|[1-9][0-9]?[0-9]?)$/ || $i > 255) exit 1; ok = 1 } END { exit !ok }'
}

site() {
    case $1 in
        '') say localhost ;;
        auto) say "$(printf '%s' "$2" | tr . -).sslip.io" ;;
        *[!A-Za-z0-9.-]*) die "DOMAIN is '$1' in $ENV_FILE; it has to be a host name alone, such as line.example.com." ;;
        *) say "$1" ;;
    esac
}

check_port_range() {
    [ -z "$1" ] || printf '%s' "$1" | awk -F- 'NF == 2 && $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ && $1 >= 1024 && $2 <= 65535 && $2 - $1 >= 1 { ok = 1 } END { exit !ok }' ||
        die "RTP_PORT_RANGE is '$1' in $ENV_FILE; it has to be first-last between 1024 and 65535, such as 10000-10099."
}
