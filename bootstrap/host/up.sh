#!/bin/sh
# make up: look first, build what is missing, start in order, return when a call can be answered, say what is up.
set -eu
. bootstrap/host/lib.sh
. bootstrap/host/look.sh
forget_the_shells_settings

engine_answers
sh bootstrap/host/env.sh
look
docker compose build
started=$(date +%s)
docker compose up --detach --wait --remove-orphans || {
    docker compose logs --tail 30 bootstrap agent >&2
    die "the line did not come up. What its services said is above; make logs has the rest."
}
sh bootstrap/host/summary.sh "$(($(date +%s) - started))"
