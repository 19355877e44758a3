# Backups are written and read in containers of the agent's image, so that this host needs only sh and Docker. Whoever
# uses this sets `archive`, the path of the backup.
# shellcheck shell=sh disable=SC2154

IMAGE=$(image_of agent)
RELEASE=${IMAGE#*:}

# Run a command of agent.backup as the user who typed this, to whom .env and the lines belong.
as_this_user() { # COMMAND [FOLDER:MOUNTPOINT]
    archiver "$1" --user "$(this_user)" ${2:+--volume "$2"}
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
        --entrypoint python "$IMAGE" -m agent.backup "$command" --release "$RELEASE" --name "$archive"
}

data_volume() { say "$(project)_data"; }
absolute() { (cd "$1" && pwd); }
