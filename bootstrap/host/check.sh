#!/bin/sh
# make check: check .env and the lines as make up does. Nothing is started or stopped.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_judge.sh
forget_the_shells_settings

build_missing_judges() {
    # shellcheck disable=SC2046,SC2086 # lists of words
    docker image inspect $(images_of_judges) >/dev/null 2>&1 || docker compose build $JUDGES
}

engine_answers
sh bootstrap/host/make_env.sh
look_at_the_engine
room_on_the_disk "$(images_of_judges)"
build_missing_judges
settings_are_right
say "$ENV_FILE and the lines in $(value_of LINES_FOLDER) are valid. make up applies them."
