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

engine_hangs() {
    command -v docker >/dev/null || return 1
    code=0
    within 20 docker info >/dev/null 2>&1 || code=$?
    case $code in 124 | 143) return 0 ;; *) return 1 ;; esac   # as timeout ends, which differs between systems
}

# Whether Compose can read .env, and make up has completed it.
env_is_usable() { grep -q '^ENV_CHECKSUMS=' "$ENV_FILE" 2>/dev/null && docker compose config --quiet >/dev/null 2>&1; }

# Compose makes the network for the containers that look, unless another network overlaps with it.
network_can_be_made() { [ "$network_was_there" = yes ] || [ -z "$(owner_of_the_subnet 2>/dev/null || true)" ]; }

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
    if [ "$usable" = yes ]; then tell_and_ask bootstrap doctor; return; fi
    set -- --network "$(if [ "$network_was_there" = yes ]; then say "$network"; else say bridge; fi)"
    [ ! -e "$ENV_FILE" ] || [ "$(value_of NETWORK)" != host ] || set -- "$@" --add-host "sip:$(value_of SUBNET).1"
    docker run --rm --interactive "$@" --cap-drop ALL --security-opt no-new-privileges:true "$IMAGE" doctor
}

# shellcheck disable=SC2329 # called when the script ends
clean_up() { # Compose would leave the network behind
    docker rm --force "$probe" >/dev/null 2>&1 || true
    [ "$network_was_there" = yes ] || docker network rm "$network" >/dev/null 2>&1 || true
}

case ${JSON:-no} in
    yes | no) ;;
    *) die "JSON is '$JSON'; it has to be yes or no." ;;
esac
! engine_hangs || tell_without_an_engine "the Docker Engine does not answer within 20 s. Restart it \
(sudo systemctl restart docker, or quit and open Docker Desktop), then run make doctor again."
why_not=$( (engine_answers) 2>&1) || tell_without_an_engine "${why_not#error: }"
[ ! -t 2 ] || say "Looking at the host, and asking every service. This takes a minute or two." >&2
build_without_env "$IMAGE" bootstrap >&2   # only what the doctor prints is on standard output
network=$(project)_default
probe=$(project)-doctor-$$   # another doctor may look at the same time
network_was_there=$(yes_or_no docker network inspect "$network")
trap clean_up EXIT
trap 'exit 130' INT TERM
usable=no
if env_is_usable && network_can_be_made; then usable=yes; keep_the_network; fi
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
