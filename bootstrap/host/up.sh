#!/bin/sh
# make up: check the machine and the settings, build what is missing, start everything in order, wait until a call can
# be answered, and say what is up.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_settings.sh
. bootstrap/host/_firewall.sh
forget_the_shells_settings

write_the_profiles() {
    sed "s/^COMPOSE_PROFILES=.*/COMPOSE_PROFILES=$(profiles "$PROFILE")/" "$ENV_FILE" | replace_private "$ENV_FILE"
}

# To Compose, a service whose profile is off now is not an orphan: it would run on and hold its gigabytes.
stop_what_is_no_longer_used() {
    has_profile local || remove local speech
    has_profile metrics || remove metrics prometheus
}
remove() { docker compose --profile "$1" rm --stop --force "$2" >/dev/null 2>&1 || true; } # PROFILE, SERVICE

# The watcher comes last, by its depends_on, and rests until then: it would take for lost what is being changed.
start() {
    trap 'watch_what_runs; exit 130' INT TERM HUP
    docker compose stop watch >/dev/null 2>&1 || true
    if docker compose up --detach --wait --remove-orphans; then
        trap - INT TERM HUP
        return
    fi
    docker compose ps --all >&2
    failed=$(docker compose ps --all --format '{{.Service}} {{.Health}} {{.ExitCode}} {{.State}}' |
        awk '!/ healthy / && !/  0 (exited|created)$/ { print $1 }' | sort -u | tr '\n' ' ')
    # shellcheck disable=SC2086 # a list of services
    docker compose logs --tail 30 --no-color $failed >&2
    watch_what_runs
    die "the line did not come up. The last log rows of what failed are above (${failed% }); make logs has the rest."
}

# After a failure or Ctrl-C, what still runs is watched as before. Compose would first start all that the watcher waits
# for, and give up on the watcher if that fails.
watch_what_runs() {
    watcher=$(docker compose ps --all --quiet watch 2>/dev/null) || true
    [ -z "$watcher" ] || docker start "$watcher" >/dev/null 2>&1 || true
}

# The server may have been replaced while Compose still takes the agent for healthy.
wait_for_the_agent() {
    seconds=0
    until docker compose exec -T agent python -m agent.worker.health >/dev/null 2>&1; do
        seconds=$((seconds + 1))
        [ "$seconds" -le 30 ] ||
            die "the agent is not registered with the media server after 30 s. docker compose logs agent says why."
        sleep 1
    done
}

# Bootstrap runs unseen, and what it warns of stops no call: that Twilio did not answer, for example.
tell_bootstraps_warnings() { # SINCE, by the engine's clock
    docker compose logs --no-color --no-log-prefix --since "$1" bootstrap 2>/dev/null |
        sed -n 's/^[^ ]* WARNING *bootstrap: /warning: /p; /"level": "warning"/p' >&2
}

[ -n "${RESTORING:-}" ] || nothing_is_half_restored
check_the_settings
write_the_profiles
look_at_the_rest
build "$(docker compose config --images)"
stop_what_is_no_longer_used
follow_the_firewall
started=$(date +%s) since=$(docker info --format '{{.SystemTime}}')
start
wait_for_the_agent
tell_bootstraps_warnings "$since"
sh bootstrap/host/summary.sh "$(($(date +%s) - started))"
