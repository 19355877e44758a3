#!/bin/sh
# make dial: the agent calls TO on behalf of a line, asks for NAME, and says what PURPOSE is. It prints what becomes of
# the call, in sentences, until the call ends. It exits with 0 if somebody was spoken to or a message was left, with 1
# if not, and with 2 if no call was made (make itself turns any but 0 into 2).
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
forget_the_shells_settings

[ -n "${TO:-}" ] || die 'TO is not set. It is the number to call: make dial TO=+12025550123 PURPOSE="why you call".'
[ -n "${PURPOSE:-}" ] || die "PURPOSE is not set. It says what the call is about, and the person hears it."
engine_answers
[ -n "$(docker compose ps --quiet --status running agent 2>/dev/null)" ] || die "the line is not up. Run make up first."
docker compose exec -T --env TO="$TO" --env PURPOSE="$PURPOSE" --env NAME="${NAME:-}" --env LINE="${LINE:-}" \
    agent python -m agent.worker.dial
