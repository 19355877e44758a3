# Two rooms check the settings before anything that runs is touched. Bootstrap checks the addresses and which line
# answers which number; the agent checks everything else about the host and the lines. It also asks each provider, and
# warns about those that do not answer as they should.
# shellcheck shell=sh

# Everything that can be checked before anything that runs is touched.
check_the_settings() {
    engine_answers
    sh bootstrap/host/make_env.sh
    look_at_the_engine
    checkers=$(docker compose config --images | grep -e '^landline/bootstrap:' -e '^landline/agent:') || true
    room_on_the_disk "$checkers"
    build "$checkers" bootstrap agent   # the images of an older release would not know the settings of this one
    settings_are_right
}

build() { # IMAGES, SERVICE...: without a service, all that are used
    images=$1; shift
    docker compose build "$@" && return
    printf '%s\n' "$images" | xargs docker image inspect >/dev/null 2>&1 ||
        die "an image could not be built. The output above says why. Run it again to try a failed download again."
    warn "the images could not be rebuilt; the existing ones are used"
}

# By this clone's code, and without an .env, which may be missing or unusable.
build_without_env() { (export COMPOSE_ENV_FILES=.env.example COMPOSE_PROGRESS=quiet; build "$@"); } # IMAGE, SERVICE

image_of() { sed -n "s/^ *image: \(landline\/$1:.*\)/\1/p" compose.yaml | head -n 1; } # ROOM; two services may have one

# Leaves the profile that the lines need, local or nothing, in PROFILE. ADVICE=yes: tell what the lines want and the
# host cannot do.
settings_are_right() {
    wrong=no
    ask bootstrap plan >/dev/null || wrong=yes
    PROFILE=$(ask agent --check --probe ${ADVICE:+--advise}) || wrong=yes
    [ "$wrong" = no ] || die "nothing was started or stopped. Correct the problems above and run it again."
    case $PROFILE in
        COMPOSE_PROFILES= | COMPOSE_PROFILES=local) PROFILE=${PROFILE#*=} ;;
        *) die "the agent's check succeeded, but did not say which profile the lines need; it said: $PROFILE" ;;
    esac
}

# Compose makes the network for the containers that are asked. If it was not there, it goes when the script ends.
leave_no_network_behind() {
    network=$(project)_default
    docker network inspect "$network" >/dev/null 2>&1 ||
        trap 'docker network rm "$network" >/dev/null 2>&1 || true' EXIT
}

ask() { tell_and_ask "$@" </dev/null; }

# On standard input, what the container has to know besides the settings: docker inspect shows arguments and variables.
tell_and_ask() { (keep_the_network && docker compose --progress quiet run --rm --no-deps -T "$@"); }

# If .env has another SUBNET than the network that is there, Compose would replace the network, and so take it from all
# services that run. That is for make up alone to do.
keep_the_network() {
    subnets='{{range .IPAM.Config}}{{.Subnet}} {{end}}'
    there=$(docker network inspect --format "$subnets" "$(project)_default" 2>/dev/null |
        sed -n 's/^\([0-9.]*\)\.0\/24 .*/\1/p')
    [ -z "$there" ] || export SUBNET="$there"
}
