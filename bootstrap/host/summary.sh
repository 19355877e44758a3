#!/bin/sh
# The last lines of make up: what is up, where it is reached, what to type next.
set -eu
. bootstrap/host/_lib.sh

address=$(value_of ADVERTISED_IP) site=$(value_of SITE) port=$(value_of SIP_PORT)
host=$site
[ "$site" != localhost ] || host=$address
say ""
say "The line is up after $1 s: it answers $(value_of PHONE_NUMBERS)."
case $(value_of COMPOSE_PROFILES) in
    local) say "  speech     embedded models, on this machine, for what has no other provider" ;;
    *) say "  speech     $(value_of OPENAI_BASE_URL | sed 's/^$/OpenAI/')" ;;
esac
if [ -n "$address" ]; then
    say "  address    $address: the trunk's origination URI is sip:$host:$port;transport=udp"
    say "  firewall   open $port/udp and $(value_of RTP_PORTS)/udp to your carrier; the README has its addresses"
else
    say "  address    this machine only; DOMAIN in $ENV_FILE opens it to a real number"
fi
say "  signalling https://$site$(value_of HTTPS_PORT | sed 's/^/:/; s/^:443$//')"
say ""
say "Next: make call (hear it answer), make logs, make down."
