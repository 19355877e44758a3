#!/bin/sh
# make lock: all rooms resolved together into requirements.lock, then each room's own share of it.
# Versions and hashes, no download addresses, so a mirror serves as well as the original.
set -eu
python=3.11
compile() {
    uv pip compile --universal --python-version "$python" --generate-hashes --no-annotate --no-header --quiet "$@"
}

compile --upgrade --group pyproject.toml:dev --output-file requirements.lock \
    agent/pyproject.toml bootstrap/pyproject.toml phone/pyproject.toml speech/pyproject.toml
for room in agent bootstrap phone speech; do
    left_out=$(sed -n 's/^[a-z]/--no-emit-package &/p' "$room/left-out.txt" 2>/dev/null || true)
    # shellcheck disable=SC2086 # one word each
    compile --constraint requirements.lock $left_out "$room/pyproject.toml" --output-file "$room/requirements.lock"
done

# The embedded voice alone, with which the agent's image is given the sentences that never change.
compile --constraint requirements.lock --group speech/pyproject.toml:voice --output-file speech/voice.lock

# The agents that the bench compares with, each in an environment of its own.
for side in article pipecat; do
    folder=tests/bench/sides/$side
    python=3.13 compile "$folder/requirements.in" --output-file "$folder/requirements.lock"
done

# An image is built from wheels alone, on both kinds of processor: a pin that has none for either ends this with its
# name.
for room in agent bootstrap phone speech; do
    for processor in x86_64 aarch64; do
        uv pip compile --quiet --no-header --only-binary :all: --python-version 3.13 \
            --python-platform "$processor-manylinux_2_39" --constraint requirements.lock \
            "$room/pyproject.toml" >/dev/null
    done
done
