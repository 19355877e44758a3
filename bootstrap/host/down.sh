#!/bin/sh
# make down: the agent says goodbye to whoever is on the line and hangs up, then everything stops. Nothing is lost.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
forget_the_shells_settings

started_from_here
docker compose --profile '*' down   # in the reverse order of depends_on: the watcher first, then the agent
say "Down. Trunk, rule and certificates are kept; make up brings the same line back."
