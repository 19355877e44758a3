#!/bin/sh
# make lock: resolve all rooms together into requirements.lock, then write each room's share of it.
# The locks have versions and hashes but no download addresses, so a mirror works as well as the original.
set -eu
python=3.11
compile() {
    uv pip compile --universal --python-version "$python" --generate-hashes --no-annotate --no-header --quiet "$@"
}

compile --upgrade --group pyproject.toml:dev --output-file requirements.lock \
    agent/pyproject.toml bootstrap/pyproject.toml desk/pyproject.toml phone/pyproject.toml speech/pyproject.toml
for room in agent bootstrap desk phone speech; do
    left_out=$(sed -n 's/^[a-z]/--no-emit-package &/p' "$room/left-out.txt" 2>/dev/null || true)
    # shellcheck disable=SC2086 # one word each
    compile --constraint requirements.lock $left_out "$room/pyproject.toml" --output-file "$room/requirements.lock"
done

# The embedded voice alone, which speaks the fixed sentences when the agent's image is built.
compile --constraint requirements.lock --group speech/pyproject.toml:voice --output-file speech/voice.lock

# npm, for the stage of the desk's image that fetches what package-lock.json names.
compile --constraint requirements.lock --group desk/pyproject.toml:javascript --output-file desk/javascript.lock

# The agents that the bench compares ours with, each in an environment of its own.
for side in article pipecat; do
    folder=tests/bench/sides/$side
    python=3.13 compile "$folder/requirements.in" --output-file "$folder/requirements.lock"
done

# Images are built from wheels alone, on both kinds of processor: if a pinned package has no wheel for one of them, this
# ends with its name.
for room in agent bootstrap desk phone speech; do
    for processor in x86_64 aarch64; do
        uv pip compile --quiet --no-header --only-binary :all: --python-version 3.13 \
            --python-platform "$processor-manylinux_2_39" --constraint requirements.lock \
            "$room/pyproject.toml" >/dev/null
    done
done
