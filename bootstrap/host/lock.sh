#!/bin/sh
# make lock: all rooms resolved together into requirements.lock, then each room's own share of it.
# Versions and hashes, no download addresses, so a mirror serves as well as the original.
set -eu
compile() { uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet "$@"; }

compile --upgrade --group pyproject.toml:dev agent/pyproject.toml bootstrap/pyproject.toml phone/pyproject.toml speech/pyproject.toml \
    --output-file requirements.lock
for room in agent bootstrap phone speech; do
    compile --constraint requirements.lock "$room/pyproject.toml" --output-file "$room/requirements.lock"
done
