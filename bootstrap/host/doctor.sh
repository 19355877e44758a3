#!/bin/sh
# make doctor: look at everything that a call depends on, change nothing, and say what would stop a call. With
# JSON=yes, it prints JSON. It exits by the worst that was found: 0 if all is right, 1 after a warning, 2 if something
# failed (make itself turns any but 0 into 2). With CALL or LAST, it explains calls instead.
set -eu
[ -z "${CALL:-}${LAST:-}" ] || exec sh bootstrap/host/explain.sh
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_lint_env.sh
. bootstrap/host/_derive.sh
. bootstrap/host/_toml.sh
. bootstrap/host/_lines.sh
. bootstrap/host/_move.sh
. bootstrap/host/_settings.sh
. bootstrap/host/_facts.sh
forget_the_shells_settings

# Compose runs no command at all if it is given a file that does not exist.
[ -e "$ENV_FILE" ] || unset COMPOSE_ENV_FILES

IMAGE=$(image_of bootstrap)

# Without an engine there is no container in which the checks could run, so this is all that is known.
tell_without_an_engine() { # WHY. WHAT TO DO
    sentence="$(say "${1%%. *}" | awk '{ print toupper(substr($0, 1, 1)) substr($0, 2) }')." cure=${1#*. }
    case ${JSON:-no} in
        yes)
            printf '{"worst": "fail", "checks": [{"id": "host.engine", "title": "a Docker Engine answers", '
            printf '"level": "fail", "sentence": "%s", "cure": "%s"}]}\n' "$sentence" "$cure"
            ;;
        *)
            printf 'The host\n  FAIL host.engine                %s\n%34s-> %s\n\n' "$sentence" '' "$cure"
            say "1 check: 1 failed. The others run in a container, so they need a Docker Engine."
            ;;
    esac
    exit 2
}

# Whether Compose can read .env, and make up has completed it.
env_is_usable() { grep -q '^ENV_CHECKSUMS=' "$ENV_FILE" 2>/dev/null && docker compose config --quiet >/dev/null 2>&1; }

# Prints a fact, and leaves a container that answers UDP packets on a port for audio, until the doctor has asked it.
listen_for_audio() {
    gateway=$(container_of sip)
    [ -n "$gateway" ] && [ -n "$(value_of ADVERTISED_IP)" ] || return 0
    docker run --detach --rm --name "$probe" --network "container:$gateway" --cap-drop ALL \
        --security-opt no-new-privileges:true --entrypoint python "$IMAGE" \
        -m bootstrap.doctor.echo "$(value_of RTP_PORTS)" >/dev/null 2>&1 || return 0
    for _ in 1 2 3 4 5; do
        listens=$(docker logs "$probe" 2>/dev/null | grep '^AUDIO_PROBE=') && break
        sleep 1
    done
    say "${listens:-}"
}

run_the_checks() {
    if [ "$usable" = yes ]; then
        tell_and_ask bootstrap doctor
    else
        docker run --rm --interactive --network none --cap-drop ALL --security-opt no-new-privileges:true \
            "$IMAGE" doctor
    fi
}

# shellcheck disable=SC2329 # called when the script ends
clean_up() {
    docker rm --force "$probe" >/dev/null 2>&1 || true
    [ "$network_was_there" = yes ] || docker network rm "$network" >/dev/null 2>&1 || true
}

case ${JSON:-no} in
    yes | no) ;;
    *) die "JSON is '$JSON'; it has to be yes or no." ;;
esac
why_not=$( (engine_answers) 2>&1) || tell_without_an_engine "${why_not#error: }"
[ ! -t 2 ] || say "Looking at the host, and asking every service. This takes up to a minute." >&2
build_without_env "$IMAGE" bootstrap >&2   # only what the doctor prints is on standard output
# Compose makes the network for the containers that look, and would leave it behind.
network=$(project)_default probe=$(project)-doctor
network_was_there=$(yes_or_no docker network inspect "$network")
trap clean_up EXIT
trap 'exit 130' INT TERM
usable=no
! env_is_usable || usable=yes
# Whatever fails here is not known, and no more.
facts=$(
    set +e
    fact JSON "${JSON:-no}"
    fact ENV_IS_USABLE "$usable"
    tell_facts
    [ "$usable" = no ] || listen_for_audio
)
code=0
report=$(say "$facts" | run_the_checks) || code=$?
[ -n "$report" ] || die "the checks could not be run. The reason is above."
say "$report"
exit "$code"
