# Backups are written and read in containers of the agent's image, so that this host needs only sh and Docker.
# shellcheck shell=sh

RELEASE=$(sed -n 's/^ *image: landline\/agent://p' compose.yaml)
IMAGE=landline/agent:$RELEASE

# By this clone's code, and without an .env, which a new host does not have yet.
build_the_archiver() { (export COMPOSE_ENV_FILES=.env.example COMPOSE_PROGRESS=quiet; build "$IMAGE" agent); }

# Run a command of agent.backup as the person who typed this, to whom .env and the lines belong.
as_the_person() { # COMMAND [FOLDER:MOUNTPOINT]
    archiver "$1" --user "$(person)" ${2:+--volume "$2"}
}

# Run a command of agent.backup as the agent's own user, to whom the data volume belongs.
as_the_agent() { # COMMAND
    docker volume inspect "$(data_volume)" >/dev/null 2>&1 || docker volume create "$(data_volume)" \
        --label "com.docker.compose.project=$(project)" --label com.docker.compose.volume=data >/dev/null
    archiver "$1" --volume "$(data_volume):/data"
}

archiver() { # COMMAND OPTION...
    command=$1; shift
    docker run --rm --interactive --network none --cap-drop ALL --security-opt no-new-privileges:true "$@" \
        --entrypoint python "$IMAGE" -m agent.backup "$command" --release "$RELEASE" --name "$file"
}

data_volume() { say "$(project)_data"; }
absolute() { (cd "$1" && pwd); }
