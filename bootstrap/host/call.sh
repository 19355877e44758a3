#!/bin/sh
# make call: the phone of this bundle dials the line, asks, listens, and prints what both sides heard.
# Ends with the phone's exit code (make itself turns any that is not 0 into 2).
set -eu
. bootstrap/host/lib.sh
. bootstrap/host/look.sh
forget_the_shells_settings

engine_answers
[ -n "$(docker compose ps --quiet --status running agent 2>/dev/null)" ] || die "the line is not up. Run make up first."
[ -z "$(docker ps --quiet --filter "label=com.docker.compose.project=$(project)" --filter label=com.docker.compose.service=phone)" ] ||
    die "the phone is in a call already. Wait for its end, then run make call again."
if [ -n "${WAV:-}" ]; then
    [ -r "$WAV" ] || die "WAV is '$WAV', and there is no such file to read."
    set -- --wav /call.wav
else
    set -- --say "${SAY:-When are you open?}"
fi
[ -z "${EXPECT:-}" ] || set -- "$@" --expect "$EXPECT"
room_on_the_disk "$(docker compose --profile phone config --images | grep phone)"
docker compose --progress quiet build phone
mkdir -p calls
exec docker compose --progress quiet run --rm --user "$(id -u):$(id -g)" \
    ${WAV:+--volume "$(cd "$(dirname "$WAV")" && pwd)/$(basename "$WAV"):/call.wav:ro"} phone call "$@"
