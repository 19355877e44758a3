#!/bin/sh
# make logs: follow every service, one row for each event. With LOG_FORMAT=json, every row is JSON and nothing else.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
forget_the_shells_settings

started_from_here
case $(value_of LOG_FORMAT) in
    json) exec docker compose logs --follow --tail 200 --no-log-prefix ;;
    *) exec docker compose logs --follow --tail 200 ;;
esac
