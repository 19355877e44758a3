# Check, before anything is changed, the engine, its versions, room on the disk and in memory, and the ports.
# shellcheck shell=sh

MIN_ENGINE=25.0      # for start_interval in health checks
MIN_COMPOSE=2.24.4   # for !reset in an override file
UNPRIVILEGED_PORTS=/proc/sys/net/ipv4/ip_unprivileged_port_start

look_at_the_engine() {
    new_enough "Docker Engine" "$(docker version --format '{{.Server.Version}}')" "$MIN_ENGINE"
    new_enough "Docker Compose" "$(docker compose version --short)" "$MIN_COMPOSE"
    fits_this_engine
    subnet_is_free   # before the settings are checked, since Compose makes the network for that
}

look_at_the_rest() {
    there_is_memory
    room_on_the_disk "$(docker compose config --images)"
    ports_are_free
}

engine_answers() {
    command -v docker >/dev/null ||
        die "there is no docker command here. Install Docker Engine or Docker Desktop, then run make up again."
    docker compose version >/dev/null 2>&1 ||
        die "docker is installed, but its compose plugin is not. Install docker-compose-plugin, then run make up again."
    docker info >/dev/null 2>&1 && return
    docker info 2>&1 | grep -qi 'permission denied' &&
        die "the Docker Engine is running, but this user may not use it." \
            "Run: sudo usermod -aG docker \$USER, log in again, then make up."
    die "no Docker Engine answers. Start it (sudo systemctl start docker, or open Docker Desktop)," \
        "then run make up again."
}

started_from_here() {
    engine_answers
    [ -e "$ENV_FILE" ] || die "there is no $ENV_FILE here, so nothing was started from this folder. Run make up first."
}

nothing_is_half_restored() {
    [ ! -e "$ENV_FILE.restore" ] ||
        die "make restore was interrupted, so what is here may not belong together. Run make restore again."
}

new_enough() { # NAME FOUND MINIMUM
    printf '%s\n%s\n' "$2" "$3" | awk -F. '{ sub(/^v/, ""); for (i = 1; i <= 3; i++) v[NR, i] = $i + 0 }
        END { for (i = 1; i <= 3; i++) if (v[1, i] != v[2, i]) exit v[1, i] < v[2, i] }' ||
        die "$1 is $2 here, but $3 or newer is needed. Update it, then run make up again."
}

fits_this_engine() {
    case $(kind_of_engine) in
        desktop) engine="Docker Desktop" cure="run it on a Linux engine" ;;
        rootless) engine="a rootless engine" cure="let it show addresses (docs/operations.md, Rootless engines)" ;;
        *) return 0 ;;
    esac
    [ "$(value_of NETWORK)" != host ] ||
        die "NETWORK=host needs a Docker Engine that root runs on Linux, but this one is $engine. Use NETWORK=bridge."
    [ "$engine" = "Docker Desktop" ] || ports_are_allowed
    [ -z "$(value_of ADVERTISED_IP)" ] || shows_addresses ||
        warn "$engine hides callers' addresses, so the trunk's list of allowed addresses lets nobody in." \
            "Here you can only try the line (make call); for a real number, $cure."
}

kind_of_engine() {
    case $(docker info --format '{{.OperatingSystem}} {{.SecurityOptions}}') in
        *Desktop*) say desktop ;;
        *rootless*) say rootless ;;
        *) say linux ;;
    esac
}

# A rootless engine publishes only ports that this host leaves to every user, unless its helper has the right to others.
ports_are_allowed() {
    first=$(cat "$UNPRIVILEGED_PORTS" 2>/dev/null || say 1024)
    lowest=$first low=''
    for name in $(names_of_ports) TURN_UDP_PORT METRICS_PORT; do
        case $name in METRICS_PORT) port=$(metrics_port) ;; *) port=$(value_of "$name") ;; esac
        [ "${port:-$first}" -lt "$first" ] || continue   # the last two are empty if they are off
        case $name in TURN_UDP_PORT) name=TURN_PORT ;; esac
        low="$low $name=$port"
        [ "$port" -ge "$lowest" ] || lowest=$port
    done
    [ -n "$low" ] || return 0
    ! PATH="$PATH:/usr/sbin:/sbin" getcap "$(command -v rootlesskit)" 2>/dev/null | grep -q cap_net_bind_service ||
        return 0
    die "this engine is rootless, and this host leaves only ports from $first on to it, so it cannot publish:$low." \
        "In $ENV_FILE, set each of them to a port from $first on (HTTP_PORT=8080, HTTPS_PORT=8443)." \
        "Or, as a certificate for DOMAIN needs 80 and 443, run: sudo sysctl net.ipv4.ip_unprivileged_port_start=$lowest"
}

# Whether a container sees where UDP packets come from. On a rootless engine, RootlessKit's two drivers decide that.
shows_addresses() {
    case $(docker version --format '{{range .Server.Components}}{{if eq .Name "rootlesskit"
        }}{{index .Details "NetworkDriver"}}/{{index .Details "PortDriver"}}{{end}}{{end}}') in
        */slirp4netns | pasta/ | pasta/implicit | pasta/pesto) ;;   # an implicit driver may have no name
        *) return 1 ;;
    esac
}

# In megabytes: the memory that all services hold, and each image on the disk of an amd64 host (downloads are about a
# third smaller).
there_is_memory() {
    memory=$(needed_memory)
    have=$(engine_memory)
    [ "$have" -ge "$memory" ] ||
        warn "the engine has $have MB of memory, but the line needs about $memory MB$(smaller)."
}

needed_memory() { # [PROFILES SIZE]: without, what .env says
    of=${1-$(value_of COMPOSE_PROFILES)} megabytes=1100
    case ${2-$(value_of SPEECH_SIZE)} in small) models=1000 ;; *) models=2000 ;; esac
    ! in_list local "$of" || megabytes=$((megabytes + models))
    ! in_list metrics "$of" || megabytes=$((megabytes + 200))
    say "$megabytes"
}

engine_memory() { say $(($(docker info --format '{{.MemTotal}}') / 1000000)); }

room_on_the_disk() { # for those of IMAGES that are missing
    need=0 what=
    for image in $(printf '%s\n' "$1" | sort -u); do   # two services may have the same
        docker image inspect "$image" >/dev/null 2>&1 && continue
        case $image in
            landline/speech:*-small) size=1550 ;;
            landline/speech:*) size=2200 ;;
            landline/agent:*) size=750 ;;
            landline/phone:*) size=950 ;;
            landline/desk:*) size=330 ;;
            landline/bootstrap:*) size=340 ;;
            prom/prometheus:*) size=350 ;;
            *) size=150 ;;
        esac
        need=$((need + size)) what="$what ${image##*/}"
    done
    [ "$need" -gt 0 ] || return 0
    say "about $need MB of images to fetch and build:$what"
    root=$(docker info --format '{{.DockerRootDir}}')
    [ -d "$root" ] || return 0   # it is in a virtual machine, whose disk cannot be seen from here
    free=$(df -Pm "$root" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge $((need * 2)) ] || die "$root has $free MB free, but building needs about $((need * 2)) MB." \
        "Free some space (docker system prune), then run make up again."
}

smaller() {
    ! has_profile local || [ "$(value_of SPEECH_SIZE)" != default ] ||
        say "; SPEECH_SIZE=small in $ENV_FILE needs $(needed_memory "$(value_of COMPOSE_PROFILES)" small)"
}

ports_are_free() {
    # On the host's own network a listener does not show its container, so ours would look like another program's.
    [ "$(value_of NETWORK)" != host ] || [ -z "$(docker compose ps --quiet --status running sip)" ] || return 0
    with_each_port refuse_if_taken
}

# Call FUNCTION with the name, the port (or first-last) and the kind of each port that the line publishes.
with_each_port() { # FUNCTION
    for name in $(names_of_ports); do
        for kind in $(kinds_of "$name"); do "$1" "$name" "$(value_of "$name")" "$kind"; done
    done
    [ -z "$(value_of TURN_UDP_PORT)" ] || "$1" TURN_PORT "$(value_of TURN_UDP_PORT)" udp   # it is empty if TURN is off
    [ -z "$(metrics_port)" ] || "$1" METRICS_PORT "$(metrics_port)" tcp
    "$1" RTP_PORT_RANGE "$(value_of RTP_PORTS)" udp
}

refuse_if_taken() { # NAME, PORT, KIND
    case $1 in
        RTP_PORT_RANGE) port_is_free "$2" "$3" "set $1 in $ENV_FILE to free ports" ;;
        TURN_PORT) port_is_free "$2" "$3" "set $1 in $ENV_FILE to a free port, or TURN=no" ;;
        METRICS_PORT) port_is_free "$2" "$3" "set $1 in $ENV_FILE to a free port, or leave it empty" ;;
        *) port_is_free "$2" "$3" "set $1 in $ENV_FILE to a free port" ;;
    esac
}

port_is_free() { # PORT or FIRST-LAST, KIND, CURE
    taken=$(holder "$1" "$2")
    case $taken in
        '') return 0 ;;
        "${taken%% *} container "*) who="the container ${taken##* }" ;;
        *) who=${taken#* program } ;;
    esac
    die "port ${taken%% *}/$2 is taken by $who. Stop it, or $3."
}

# Prints `<port> container <name>` or `<port> program <who>`; nothing if the port is free, or this line's own.
holder() { # PORT or FIRST-LAST, KIND
    holders=$(docker ps --filter "publish=$1/$2" --format '{{.Label "com.docker.compose.project"}} {{.Names}}')
    # A container of no project has its name alone in its row.
    stranger=$(printf '%s\n' "$holders" | awk -v of="$(project)" 'NF == 1 || NF && $1 != of { print $NF; exit }')
    if [ -n "$stranger" ]; then say "$1 container $stranger"; return; fi
    [ -z "$holders" ] || return 0
    listening "$2" | awk -v first="${1%-*}" -v last="${1#*-}" '
        $1 >= first + 0 && $1 <= last + 0 {
            port = $1; if (NF == 1) who = "another program"; else { who = $0; sub(/^[^ ]* /, "", who) }
            print port, "program", who; exit
        }'
}

listening() { # KIND: a row for each port: its number, and who holds it (as far as this user may know)
    if command -v ss >/dev/null; then
        ss -Hlnp "--$1" | awk '
            {
                n = split($4, a, ":"); who = ""
                if (match($0, /"[^"]+",pid=[0-9]+/)) {
                    who = substr($0, RSTART + 1, RLENGTH - 1); sub(/",pid=/, ", process ", who)
                }
                print a[n], who
            }'
    elif command -v lsof >/dev/null; then
        case $1 in tcp) set -- -iTCP -sTCP:LISTEN ;; udp) set -- -iUDP ;; esac
        lsof -nP "$@" 2>/dev/null |
            awk 'NR > 1 { n = split($9, a, ":"); print a[n], $1 ", process " $2 }'
    fi
}

subnet_is_free() {
    owner=$(owner_of_the_subnet)
    [ -z "$owner" ] || die "the network $(value_of SUBNET).0/24 overlaps with Docker's network $owner." \
        "Set SUBNET in $ENV_FILE to another, such as 172.29.54."
}

# The other network of Docker's that overlaps with SUBNET; nothing if there is none.
owner_of_the_subnet() {
    networks='{{.Name}} {{range .IPAM.Config}}{{.Subnet}} {{end}}'
    docker network ls --quiet | xargs docker network inspect --format "$networks" |
        awk -v mine="$(value_of SUBNET).0" -v project="$(project)" '
            function number(a, o) { split(a, o, "."); return ((o[1] * 256 + o[2]) * 256 + o[3]) * 256 + o[4] }
            function overlap(net, bits, size) {
                size = 2 ^ (32 - (bits < 24 ? bits : 24))
                return int(number(net) / size) == int(number(mine) / size)
            }
            $1 != project "_default" {
                for (i = 2; i <= NF; i++)
                    if ($i !~ /:/) { split($i, n, "/"); if (overlap(n[1], n[2])) { print $1; exit } }
            }'
}

project() { say "${COMPOSE_PROJECT_NAME:-landline}"; }
