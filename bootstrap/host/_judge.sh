# Two rooms judge the settings, before anything that runs is touched: numbers, addresses and lines are for bootstrap
# to judge, everything else about the host and the lines for the agent.
# shellcheck shell=sh

# shellcheck disable=SC2034 # read by who includes this
JUDGES="bootstrap agent"

images_of_judges() { docker compose config --images | grep -e '^landline/bootstrap:' -e '^landline/agent:'; }

# The profile that the lines need is left in PROFILE.
settings_are_right() {
    wrong=no
    ask bootstrap plan >/dev/null || wrong=yes
    PROFILE=$(ask agent --check) || wrong=yes
    [ "$wrong" = no ] || die "nothing was started or stopped. Correct what is named above and run it again."
    case $PROFILE in
        COMPOSE_PROFILES= | COMPOSE_PROFILES=local) ;;
        *) die "the agent's check ended well, and did not say which profile the lines need; it said: $PROFILE" ;;
    esac
}

ask() { docker compose --progress quiet run --rm --no-deps -T "$@" </dev/null; }
