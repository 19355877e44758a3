#!/bin/sh
# make clean: say what would be deleted, ask, delete. YES=yes answers beforehand.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
forget_the_shells_settings

started_from_here
say "This deletes, of the project $(project):"
say "  its containers and its network"
say "  the volumes redis (the trunk and the rule; make up registers them anew) and caddy (certificates)"
say "  the images built here: $(docker compose --profile '*' config --images | grep '^landline/' | sort -u | tr '\n' ' ')"
say "It keeps $ENV_FILE with its secrets, and the recordings in calls/."
if [ "${YES:-}" != yes ]; then
    printf 'Delete them? [y/N] '
    read -r answer || answer=
    case $answer in y | Y | yes) ;; *) say "Nothing was deleted."; exit 1 ;; esac
fi
docker compose --profile '*' down --volumes --rmi local --remove-orphans
docker compose --profile '*' config --images | grep '^landline/' | sort -u | xargs docker image rm --force >/dev/null 2>&1 || true
say "Deleted."
