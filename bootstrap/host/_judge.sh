# Two rooms check the settings before anything that runs is touched. Bootstrap checks the addresses and which line
# answers which number; the agent checks everything else about the host and the lines.
# shellcheck shell=sh

# shellcheck disable=SC2034 # read by the scripts that include this one
JUDGES="bootstrap agent"

images_of_judges() { docker compose config --images | grep -e '^landline/bootstrap:' -e '^landline/agent:'; }

# Leaves the profile that the lines need in PROFILE.
settings_are_right() {
    wrong=no
    ask bootstrap plan >/dev/null || wrong=yes
    PROFILE=$(ask agent --check) || wrong=yes
    [ "$wrong" = no ] || die "nothing was started or stopped. Correct the problems above and run it again."
    case $PROFILE in
        COMPOSE_PROFILES= | COMPOSE_PROFILES=local) ;;
        *) die "the agent's check succeeded, but did not say which profile the lines need; it said: $PROFILE" ;;
    esac
}

ask() { docker compose --progress quiet run --rm --no-deps -T "$@" </dev/null; }
