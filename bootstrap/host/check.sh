#!/bin/sh
# make check: check .env and the lines as make up does. Nothing is started or stopped.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_settings.sh
forget_the_shells_settings

engine_answers
leave_no_network_behind
ADVICE=yes
check_the_settings
say "$ENV_FILE and the lines in $(value_of LINES_FOLDER) are valid. make up applies them."
