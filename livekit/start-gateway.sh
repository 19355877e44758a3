#!/bin/sh
# Starts the SIP gateway with sip.yaml, followed by what differs from host to host. The gateway has no setting that
# takes a secret from a file, so the secrets become environment variables of this one process.
set -eu
LIVEKIT_API_KEY=$(cat /run/secrets/livekit_api_key)
LIVEKIT_API_SECRET=$(cat /run/secrets/livekit_api_secret)
public_address=
[ -z "${ADVERTISED_IP:-}" ] || public_address="nat_1_to_1_ip: $ADVERTISED_IP"
SIP_CONFIG_BODY=$(cat /etc/sip.yaml - <<END
redis: {address: "redis:6379", password: "$(cat /run/secrets/redis_password)"}
logging: {level: ${SERVER_LOG_LEVEL:-error}, json: ${LOG_JSON:-false}}
sip_port: $SIP_PORT
rtp_port: $RTP_PORTS
${LISTEN:-}
$public_address
END
)
export LIVEKIT_API_KEY LIVEKIT_API_SECRET SIP_CONFIG_BODY
exec livekit-sip
