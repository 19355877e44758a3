#!/bin/sh
# make firewall: print the rules by which calls come from the trunk provider's addresses only. APPLY=yes sets them, now
# and whenever this host starts; REMOVE=yes takes them away; CLOUD=aws prints the rules of a security group instead.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_settings.sh
. bootstrap/host/_firewall.sh
forget_the_shells_settings
PATH=$PATH:/usr/sbin:/sbin
UNITS=/etc/systemd/system
SYSTEMD=/run/systemd/system   # there if systemd runs

yes_or_no() { # NAME VALUE
    case $2 in yes | no | '') ;; *) die "$1 is '$2'; it has to be yes or no. Nothing was changed." ;; esac
}

this_host_can() {
    [ "$(id -u)" = 0 ] ||
        die "only root may change the firewall, and nothing was changed. Run: sudo make firewall $1=yes"
    [ "$(uname)" = Linux ] ||
        die "the firewall is one of Linux, but this is $(uname). On Docker Desktop no real call reaches the line."
    command -v iptables >/dev/null ||
        die "there is no iptables command here, and nothing was changed. Install iptables."
}

this_engine_can() {
    case $(kind_of_engine) in
        rootless) die "this engine is rootless: the ports of the line belong to an ordinary program, and have no" \
            "chain of their own. Nothing was changed. Use your cloud's firewall, or ufw; make firewall prints who may" \
            "come in." ;;
        desktop) die "this engine is Docker Desktop, whose ports are in a virtual machine. Nothing was changed." \
            "No real call reaches the line there." ;;
    esac
    # The chain alone does not say so: our own rules make it at the start of the host, before Docker runs.
    [ "$(value_of NETWORK)" != bridge ] || iptables --wait -C FORWARD -j DOCKER-USER >/dev/null 2>&1 ||
        die "Docker uses no chain DOCKER-USER of iptables here, so it filters with nftables alone, or with nothing." \
            "Nothing was changed. Use your cloud's firewall (make firewall CLOUD=aws prints the rules), or start the" \
            "engine with \"firewall-backend\": \"iptables\" in /etc/docker/daemon.json."
}

# What is ours in the kernel: our chain, and what leads to it. A host need not have IPv6.
rules_there() {
    for tables in iptables ip6tables; do
        { "$tables" --wait -S 2>/dev/null | grep -e "^-A $(chain) " -e " -j $(chain)\$" | sed "s/^/$tables /"; } || true
    done
}

apply() {
    wanted=$(wanted_script)
    before=$(rules_there)
    printf '%s\n' "$wanted" | sh || die "iptables refused the rules; the reason is above."
    # Everybody may read them, so that make up can compare them.
    (umask 022; mkdir -p "$SAVED"; printf '%s\n' "$wanted" | replace "$(saved_rules)")
    set_at_every_start
    if [ "$before" = "$(rules_there)" ]; then
        say "The firewall has these rules already; nothing changed."
    else
        say "Calls now come in from the allowed addresses only. make firewall prints the rules."
    fi
}

# Docker keeps the chain DOCKER-USER when the engine restarts, but no rule outlives a restart of the host.
set_at_every_start() {
    if [ ! -d "$SYSTEMD" ]; then
        warn "systemd does not run here, so the rules are gone after a restart of this host." \
            "Have it run this when it starts: sh $(saved_rules)"
        return
    fi
    unit=$(project)-firewall.service
    cat > "$UNITS/$unit" <<END
# Made by make firewall APPLY=yes, and deleted by make firewall REMOVE=yes.
[Unit]
Description=Landline's firewall
Before=docker.service
After=ufw.service firewalld.service nftables.service netfilter-persistent.service
PartOf=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh $(saved_rules)

[Install]
WantedBy=multi-user.target docker.service
END
    systemctl daemon-reload
    systemctl enable "$unit" >/dev/null 2>&1 ||
        die "the rules are set, but systemd does not take $UNITS/$unit. Run systemctl enable $unit, which says why."
}

remove() {
    unit=$(project)-firewall.service
    if [ -e "$UNITS/$unit" ]; then
        systemctl disable "$unit" >/dev/null 2>&1 || true
        rm -f "$UNITS/$unit"
        systemctl daemon-reload
    fi
    rm -f "$(saved_rules)"
    rmdir "$SAVED" 2>/dev/null || true
    if [ -z "$(rules_there)" ]; then say "The firewall has no rule of Landline's; nothing changed."; return; fi
    for tables in iptables ip6tables; do
        for from in INPUT DOCKER-USER; do
            "$tables" --wait -S "$from" 2>/dev/null | sed -n "s/^-A \\(.* -j $(chain)\\)\$/\\1/p" |
                while read -r rule; do
                    # shellcheck disable=SC2086 # a rule is several words
                    "$tables" --wait -D $rule
                done
        done
        "$tables" --wait -S "$(chain)" >/dev/null 2>&1 || continue
        "$tables" --wait -F "$(chain)"
        "$tables" --wait -X "$(chain)"
    done
    say "The rules of Landline are gone from the firewall: the ports of calls are open to anybody again."
}

yes_or_no APPLY "${APPLY:-}"
yes_or_no REMOVE "${REMOVE:-}"
case ${CLOUD:-} in
    '' | aws) ;;
    *) die "CLOUD is '$CLOUD'; it has to be aws, or empty for this host's own firewall." ;;
esac
case ${APPLY:-no}${REMOVE:-no}${CLOUD:+yes} in
    *yes*yes*) die "of APPLY, REMOVE and CLOUD, only one can be given. Nothing was changed." ;;
esac
if [ "${REMOVE:-}" = yes ]; then
    this_host_can REMOVE
    remove
    exit
fi
[ "${APPLY:-}" != yes ] || this_host_can APPLY
started_from_here
[ "${APPLY:-}" != yes ] || this_engine_can
leave_no_network_behind
if [ "${APPLY:-}" = yes ]; then
    apply
else
    rules
fi
