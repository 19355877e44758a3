#!/bin/sh
# make clean: say what would be deleted and what is kept, ask, delete. YES=yes answers in advance, DATA=yes also deletes
# what the calls left behind.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_firewall.sh
forget_the_shells_settings

# The volumes of compose.yaml, one a row: whether it is deleted or kept, its name, and what is in it.
volumes() {
    awk -v data="${DATA:-no}" '
        /^[a-z]/ { block = $1 }
        block == "volumes:" && /^  [a-z]+:/ {
            name = $1; sub(/:$/, "", name); what = $0; sub(/^[^#]*# */, "", what)
            verb = sub(/^keep: */, "", what) && data != "yes" ? "kept" : "deleted"
            print verb, name, what
        }' compose.yaml
}

tell_volumes() { # deleted or kept
    volumes | sed -n "s/^$1 \([a-z]*\) \(.*\)/  the volume \1: \2/p"
}

images() { docker compose --profile '*' config --images | grep '^landline/' | sort -u; }

delete_volumes() {
    ours="label=com.docker.compose.project=$(project)"
    for name in $(volumes | sed -n 's/^deleted \([a-z]*\) .*/\1/p'); do
        for volume in $(docker volume ls --quiet --filter "$ours" --filter "label=com.docker.compose.volume=$name"); do
            docker volume rm "$volume" >/dev/null
        done
    done
}

case ${DATA:-no} in yes | no) ;; *) die "DATA is '$DATA'; it has to be yes or no. Nothing was deleted." ;; esac
started_from_here
say "This deletes from the project $(project):"
say "  its containers and its network"
tell_volumes deleted
say "  the images built here: $(images | tr '\n' ' ')"
say "It keeps:"
tell_volumes kept | sed 's/$/ (DATA=yes deletes them too)/'
say "  the folder $(value_of LINES_FOLDER), $ENV_FILE with its secrets, backups/, and what make call recorded in calls/"
[ ! -e "$(saved_rules)" ] || say "  the rules of the firewall (sudo make firewall REMOVE=yes takes them away)"
if [ "${YES:-}" != yes ]; then
    printf 'Delete them? [y/N] '
    read -r answer || answer=
    case $answer in y | Y | yes) ;; *) say "Nothing was deleted."; exit 1 ;; esac
fi
# A container's anonymous volumes go with it; the named ones stay.
docker compose --profile '*' rm --stop --force --volumes
docker compose --profile '*' down --rmi local --remove-orphans
delete_volumes
images | xargs docker image rm --force >/dev/null 2>&1 || true
say "Deleted."
