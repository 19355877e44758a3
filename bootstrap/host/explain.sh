#!/bin/sh
# make doctor CALL=… or LAST=…: say what becomes of a call, or what became of the last ones, and change nothing.
# CALL is what the server, the gateway and the agent decide by: "+15551230000 -> +15551234567 from 54.172.60.1".
# LAST is a number of calls. Numbers are shown by their last two digits; NUMBERS=yes shows them whole.
# It exits with 0 if the call is answered or LAST was given, with 1 if the call is not, with 2 for a mistake in what was
# typed, and with 3 if the server cannot be asked (make itself turns any but 0 into 2).
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_settings.sh
forget_the_shells_settings

explain() { tell_and_ask bootstrap explain; }
asked() { # NAME, VALUE
    printf '%s=%s\nNUMBERS=%s\n\n' "$1" "$(printf %s "$2" | tr '\r\n' '  ')" "${NUMBERS:-}"
}
agent_is_up() { [ -n "$(docker compose ps --quiet --status running agent 2>/dev/null)" ]; }

explain_call() {
    code=0
    found=$(asked CALL "$CALL" | explain) || code=$?
    case $code,$found in
        1,) return 3 ;;   # Compose itself failed, and has said why
        *,) return "$code" ;;
    esac
    printf '%s\n' "$found" | grep -v '^{' || true
    question=$(printf '%s\n' "$found" | grep '^{') || return "$code"
    if agent_is_up; then
        printf '%s\n' "$question" | docker compose exec -T agent python -m agent.worker.explain
    else
        say "The agent is not running, so nobody answers the call: run make up."
        return 1
    fi
}

explain_last() {
    {
        asked LAST "$LAST"
        ! agent_is_up || docker compose exec -T agent python -m agent.worker.explain records 100 |
            sed 's/^/record | /'
        docker compose logs --no-color --tail 20000 agent sip
    } 2>/dev/null | explain
}

[ "${JSON:-no}" = no ] || die "JSON=$JSON is for make doctor by itself; leave it out to explain calls."
case ${NUMBERS:-no} in
    yes | no) ;;
    *) die "NUMBERS is '$NUMBERS'; it has to be yes or no." ;;
esac
engine_answers
[ -n "$(docker compose ps --quiet 2>/dev/null)" ] || die "the line is not up. Run make up first."
case ${CALL:+call}${LAST:+last} in
    call) explain_call ;;
    last) explain_last ;;
    *) die "say which call: make doctor CALL=\"+15551230000 -> +15551234567 from 54.172.60.1\", or how many of the" \
        "last ones: make doctor LAST=5." ;;
esac
