#!/bin/sh
# The last rows that make up prints: what is up, where it is reached, what to type next.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_settings.sh

address=$(value_of ADVERTISED_IP) site=$(value_of SITE) port=$(value_of SIP_PORT)
host=$site
[ "$site" != localhost ] || host=$address
say ""
say "Up after $1 s. These lines answer:"
ask bootstrap numbers | awk '{ printf "  %-10s %s\n", $1, $2 }'
if has_profile local; then
    say "  speech     embedded models, on this machine, for what has no other provider"
else
    say "  speech     by other providers; no embedded model is running"
fi
if [ -n "$address" ]; then
    say "  address    $address: the trunk's origination URI is sip:$host:$port;transport=udp"
    [ "$(value_of TRUNK_PROVIDER)" != twilio ] || [ -n "$(value_of TWILIO_ACCOUNT_SID)" ] ||
        say "  Twilio     docker compose run --rm --no-deps bootstrap console prints what to enter in its console"
    say "  firewall   open $port/udp and $(value_of RTP_PORTS)/udp to your carrier: make firewall, docs/reachable.md"
else
    say "  address    this machine only; DOMAIN in $ENV_FILE opens it to a real number"
fi
say "  desk       https://$site$(value_of HTTPS_PORT | sed 's/^/:/; s/^:443$//'): talk to a line, and see its calls"
if [ -n "$(metrics_port)" ]; then
    say "  metrics    http://127.0.0.1:$(metrics_port), on this machine only"
elif has_profile metrics; then
    say "  metrics    Prometheus, inside the network only; METRICS_PORT in $ENV_FILE opens it to this machine"
fi
say ""
say "Next: open the desk and press Call, or make call; make logs, make down."
