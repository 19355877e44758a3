#!/bin/sh
# Starts the media server with livekit.yaml, followed by what differs from host to host. The server has no setting that
# takes a secret from a file, so the secrets become environment variables of this one process. This runs in busybox sh.
set -eu

# Every range of IPv4 addresses that does not include $1, which are 32.
all_but() {
    printf '%s\n' "$1" | awk -F. '{
        address = (($1 * 256 + $2) * 256 + $3) * 256 + $4
        for (bits = 32; bits > 0; bits--) {
            size = 2 ^ (32 - bits); block = int(address / size)
            other = (block % 2 ? block - 1 : block + 1) * size
            printf "%s%d.%d.%d.%d/%d", bits < 32 ? ", " : "", int(other / 16777216), int(other / 65536) % 256,
                int(other / 256) % 256, other % 256, bits
        }
    }'
}

# The server offers browsers its advertised address alone, so that is the only one that the relay has to reach. Without
# the two lists, the server would relay to any public address on behalf of whoever is in a room.
relay() {
    printf 'turn: {enabled: true, udp_port: %s, relay_range_start: 30000, relay_range_end: 32767, ' "$TURN_UDP_PORT"
    printf 'allow_restricted_peer_cidrs: [%s/32], deny_peer_cidrs: ["::/0", %s]}\n' \
        "$ADVERTISED_IP" "$(all_but "$ADVERTISED_IP")"
}

LIVEKIT_KEYS="$(cat /run/secrets/livekit_api_key): $(cat /run/secrets/livekit_api_secret)"
REDIS_PASSWORD=$(cat /run/secrets/redis_password)
own_address=
# Without an address to advertise, everything is published on this machine's loopback alone, so browsers are offered it.
[ -n "${ADVERTISED_IP:-}" ] || own_address='  enable_loopback_candidate: true'   # belongs to `rtc`, see below
if [ -n "${HOST_IP:-}" ]; then
    own_address="  ips: {includes: ['$HOST_IP/32']}"   # belongs to `rtc`, the last block of livekit.yaml
fi
LIVEKIT_CONFIG=$(cat /etc/livekit.yaml - <<END
$own_address
logging: {level: ${SERVER_LOG_LEVEL:-error}, json: ${LOG_JSON:-false}}
${LISTEN:-}
${TURN_UDP_PORT:+$(relay)}
END
)
export LIVEKIT_KEYS REDIS_PASSWORD LIVEKIT_CONFIG
set -- --redis-host redis:6379 --udp-port "$RTC_UDP_PORT" --rtc.tcp_port "$RTC_TCP_PORT"
[ -z "${ADVERTISED_IP:-}" ] || set -- "$@" --node-ip "$ADVERTISED_IP"
exec /livekit-server "$@"
