#!/bin/sh
# make check: check .env and the lines as make up does. Nothing is started or stopped.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_settings.sh
forget_the_shells_settings

# Compose makes the network for the containers that check, and would leave it behind.
network=$(project)_default
engine_answers
docker network inspect "$network" >/dev/null 2>&1 || trap 'docker network rm "$network" >/dev/null 2>&1 || true' EXIT
ADVICE=yes
check_the_settings
say "$ENV_FILE and the lines in $(value_of LINES_FOLDER) are valid. make up applies them."
