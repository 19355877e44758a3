# The firewall of the host, as the running line needs it. Bootstrap knows the rules, and the host's kernel keeps them.
# shellcheck shell=sh

SAVED=/etc/landline     # a folder with the rules, which this host sets again when it starts

chain() { project | tr '[:lower:]' '[:upper:]' | cut -c 1-28; }
saved_rules() { say "$SAVED/$(project)-firewall.sh"; }

# The rules as bootstrap prints them, given what it has to know of the host.
rules() {
    {
        say "CHAIN=$(chain)"
        say "CLOUD=${CLOUD:-}"
        for name in NETWORK SUBNET SIP_PORT RTP_PORTS HTTP_PORT HTTPS_PORT RTC_TCP_PORT RTC_UDP_PORT TURN_UDP_PORT; do
            say "$name=$(value_of "$name")"
        done
    } | tell_and_ask bootstrap firewall
}

wanted_script() {
    script=$(rules) || die "bootstrap did not print the rules of the firewall, and no rule was changed. See above."
    case $script in
        '#!/bin/sh'*) say "$script" ;;
        *) die "bootstrap printed no rules for the firewall, so no rule was changed. It printed: $script" ;;
    esac
}

# For make up: the firewall that was set once follows the settings. Root sets it, and everybody else is told.
follow_the_firewall() {
    [ -e "$(saved_rules)" ] || return 0
    export APPLY='' REMOVE='' CLOUD=''   # which the shell may export for another program
    wanted=$(wanted_script)
    [ "$wanted" != "$(cat "$(saved_rules)")" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        APPLY=yes sh bootstrap/host/firewall.sh
    else
        warn "the settings have changed what the firewall of this host lets in, but it still has the old rules." \
            "Run: sudo make firewall APPLY=yes"
    fi
}
