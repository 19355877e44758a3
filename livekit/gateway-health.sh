#!/bin/bash
# Asks the gateway as a carrier does: with OPTIONS over TCP, which it has to answer with 200. The image has no HTTP
# client, but it has bash, which can open a connection by itself.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/$SIP_PORT"
printf '%s\r\n' 'OPTIONS sip:health@127.0.0.1 SIP/2.0' \
    "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM" \
    'From: <sip:health@127.0.0.1>;tag=h' 'To: <sip:health@127.0.0.1>' "Call-ID: $RANDOM$RANDOM" \
    'CSeq: 1 OPTIONS' 'Max-Forwards: 1' 'Content-Length: 0' '' >&3
read -r -t 3 status <&3
[[ $status == 'SIP/2.0 200'* ]]
