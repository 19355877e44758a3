#!/bin/sh
# make check: check .env and the lines as make up does. Nothing is started or stopped.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_judge.sh
forget_the_shells_settings

engine_answers
sh bootstrap/host/make_env.sh
look_at_the_engine
room_on_the_disk "$(images_of_judges)"
build_judges
settings_are_right
say "$ENV_FILE and the lines in $(value_of LINES_FOLDER) are valid. make up applies them."
