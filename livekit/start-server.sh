#!/bin/sh
# Starts the media server with livekit.yaml, followed by what differs from host to host. The server has no setting that
# takes a secret from a file, so the secrets become environment variables of this one process. This runs in busybox sh.
set -eu
LIVEKIT_KEYS="$(cat /run/secrets/livekit_api_key): $(cat /run/secrets/livekit_api_secret)"
REDIS_PASSWORD=$(cat /run/secrets/redis_password)
own_address=
if [ -n "${HOST_IP:-}" ]; then
    own_address="  ips: {includes: ['$HOST_IP/32']}"   # belongs to `rtc`, the last block of livekit.yaml
fi
LIVEKIT_CONFIG=$(cat /etc/livekit.yaml - <<END
$own_address
logging: {level: ${SERVER_LOG_LEVEL:-error}, json: ${LOG_JSON:-false}}
${LISTEN:-}
END
)
export LIVEKIT_KEYS REDIS_PASSWORD LIVEKIT_CONFIG
set -- --redis-host redis:6379 --udp-port "$RTC_UDP_PORT" --rtc.tcp_port "$RTC_TCP_PORT"
[ -z "${ADVERTISED_IP:-}" ] || set -- "$@" --node-ip "$ADVERTISED_IP"
exec /livekit-server "$@"
