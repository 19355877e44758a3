#!/bin/sh
# make call: the phone of this bundle dials the line, asks, listens, and prints what both sides heard.
set -eu
. bootstrap/host/lib.sh
. bootstrap/host/look.sh
forget_the_shells_settings

engine_answers
[ -n "$(docker compose ps --quiet --status running agent 2>/dev/null)" ] || die "the line is not up. Run make up first."
if [ -n "${WAV:-}" ]; then
    [ -r "$WAV" ] || die "WAV is '$WAV', and there is no such file to read."
    set -- --wav /call.wav
else
    set -- --say "$SAY"
fi
[ -z "${EXPECT:-}" ] || set -- "$@" --expect "$EXPECT"
mkdir -p calls
[ -n "$(docker image ls --quiet landline/phone:0.1.0)" ] || docker compose build phone
exec docker compose --progress quiet run --rm --user "$(id -u):$(id -g)" ${WAV:+--volume "$(cd "$(dirname "$WAV")" && pwd)/$(basename "$WAV"):/call.wav:ro"} phone call "$@"
