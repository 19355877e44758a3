#!/bin/sh
# make setup: ask what this host has to know, check each answer and keep it in .env, then do what make up and make call
# do. With YES=yes nobody is asked: what .env, make's variables and the shell's environment say is checked as a whole
# before anything is written. GIVEN has the names of the variables that stand on make's command line.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_settings.sh
. bootstrap/host/_lint_env.sh
. bootstrap/host/_derive.sh
. bootstrap/host/_move.sh

IMAGE=$(image_of bootstrap)
NEW_ROW='
'

somebody_answers() {
    case ${YES:-no} in
        yes) return ;;
        no) ;;
        *) die "YES is '$YES'; it has to be yes or no. Nothing was changed." ;;
    esac
    { [ -t 0 ] && [ -t 1 ]; } ||
        die "make setup asks questions, but there is no terminal here. Nothing was changed. Run it in a terminal, or" \
            "with YES=yes: then it takes the answers from .env, make's variables and the environment."
}

# Answers in advance, a row for each: `make NAME=value` or `shell NAME=value`.
answers_in_advance() {
    for name in ${GIVEN:-}; do
        case $name in YES | COMPOSE_* | LINE | SAY | WAV | EXPECT) continue ;; esac
        say "make $name=$(variable "$name")"
    done
    for name in $(known_names); do
        case " ${GIVEN:-} " in *" $name "*) continue ;; esac
        [ -z "$(variable "$name")" ] || say "shell $name=$(variable "$name")"
    done
}

variable() { # NAME
    case $1 in '' | *[!A-Za-z0-9_]*) return ;; esac
    eval "printf '%s' \"\${$1-}\""
}

answers_have_one_row() {
    for name in ${GIVEN:-} $(known_names); do
        case $(variable "$name") in
            *"$NEW_ROW"*) die "$name has more than one row of text. Nothing was changed. Give it in one row." ;;
        esac
    done
}

env_is_usable() {
    # To the container, a link that leads out of the folder leads nowhere, as if there were no settings yet.
    [ ! -L "$ENV_FILE" ] || die "$ENV_FILE is a link. Nothing was changed. Put the file itself there."
    [ -e "$ENV_FILE" ] || return 0
    lint_env
    check_settings
}

# The container sees the folder with .env, which it writes as the user who typed this.
ask_the_questions() {
    terminal='--interactive --tty' capability='' direct=localhost,127.0.0.1,host.docker.internal
    [ "${YES:-no}" = no ] || terminal=
    # With sudo, root has no right to another user's folder by itself, in a container without capabilities.
    [ "$(id -u)" != 0 ] || capability='--cap-add DAC_OVERRIDE'
    # Docker puts the proxies of its client's configuration into the container, and a server beside it needs none.
    [ ! -e "$ENV_FILE" ] || direct=$direct,$(value_of NO_PROXY_FOR)
    folder=$(cd "$(dirname "$ENV_FILE")" && pwd)
    code=0
    # shellcheck disable=SC2086 # options, or none
    docker run --rm $terminal --user "$(this_user)" --cap-drop ALL $capability \
        --security-opt no-new-privileges:true --add-host host.docker.internal:host-gateway \
        --volume "$folder:/host" --volume "$PWD/.env.example:/env.example:ro" \
        --env ENV_FILE="/host/${ENV_FILE##*/}" --env EXAMPLE=/env.example --env GIVEN="/host/${given##*/}" \
        --env NO_PROXY="$direct" --env no_proxy="$direct" \
        --env UNATTENDED="${YES:-no}" --env MEMORY="$(engine_memory)" --env NEEDED="$(needed_memory local default)" \
        --env ADDRESS_SERVICES="$ADDRESS_SERVICES" "$IMAGE" setup || code=$?
    rm -f "$given"
    case $code in
        0) ;;
        130 | 137)
            [ -z "$terminal" ] || say "Left. The answers so far are in $ENV_FILE, and make setup goes on from there."
            exit 130 ;;
        *) exit "$code" ;;
    esac
}

have_a_call_answered() {
    code=0
    sh bootstrap/host/call.sh || code=$?
    [ "$code" -eq 0 ] && return
    warn "the line is up, but its first call did not go well: see above. make call repeats it, and make logs" \
        "shows what the services say."
    exit "$code"
}

tell_what_is_left() {
    [ -n "$(value_of ADVERTISED_IP)" ] || return 0
    say ""
    case $(value_of TRUNK_PROVIDER),$(value_of TWILIO_API_KEY) in
        twilio,) ask bootstrap console ;;
        twilio,*) say "Call the number: the trunk leads here." ;;
        *) say "What is left: at your trunk provider, send the number's calls to the address above (docs/trunks)." ;;
    esac
}

somebody_answers
answers_have_one_row
advance=$(answers_in_advance)
forget_the_shells_settings
engine_answers
nothing_is_half_restored
env_is_usable
room_on_the_disk "$IMAGE"
build_without_env "$IMAGE" bootstrap
given=$ENV_FILE.given
trap 'rm -f "$given"' EXIT
trap 'exit 130' INT TERM HUP
say "$advance" | replace_private "$given"
ask_the_questions
sh bootstrap/host/up.sh
have_a_call_answered
tell_what_is_left
