#!/bin/sh
# make call: the phone of this bundle dials a line, says SAY, listens, and prints what both sides heard. A | in SAY is
# where the phone waits for an answer before it goes on. Then it prints, from the agent's log, where the time of each
# turn went. With PERSON, another phone takes the calls that the line makes, as the second person of a transfer does.
# It exits with the phone's exit code (make itself turns any but 0 into 2).
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_settings.sh
. bootstrap/host/_toml.sh
forget_the_shells_settings

run() { docker compose --progress quiet run --rm --user "$user" "$@"; }

# Leaves the number to dial in NUMBER: that of the line LINE, or of the first line.
choose_line() {
    numbers=$(ask bootstrap numbers) || die "the lines' numbers are not known. make check says what is wrong."
    [ -n "$numbers" ] || die "no line has a number to dial. Set PHONE_NUMBERS in $ENV_FILE, or numbers in a line.toml."
    chosen=$(printf '%s\n' "$numbers" | awk -v line="${LINE:-}" 'line == "" || $1 == line { print; exit }')
    [ -n "$chosen" ] || die "LINE is '${LINE:-}', but no line of that name has a number. These do:" \
        "$(printf '%s\n' "$numbers" | cut -d ' ' -f 1 | sort -u | paste -s -d ' ' -)."
    LINE=${chosen%% *} NUMBER=${chosen#* }
}

language_of_line() {
    file=$(value_of LINES_FOLDER)/$LINE/line.toml
    [ ! -r "$file" ] || text_of_toml "$(toml_value "$file" language)"
}

# The header that names the trunk's account, as given in the trunk provider's file.
account_header() {
    sed -n 's/^account_header: *//p' "bootstrap/trunks/$(value_of TRUNK_PROVIDER).yaml" 2>/dev/null |
        sed "s/ *#.*//; s/[\"']//g; s/^null\$//; s/^~\$//"
}

# The embedded model reads the persona and the tools when the agent starts. The first answer would wait for that.
wait_for_the_model() {
    seconds=0
    until docker compose exec -T agent python -m agent.worker.health --has-read 2>/dev/null || [ "$seconds" -ge 60 ]; do
        [ "$seconds" -gt 0 ] || say "Waiting until the language model has read what the line tells it ..."
        seconds=$((seconds + 1))
        sleep 1
    done
}

timeline() { # REPORT
    case $(value_of LOG_LEVEL) in
        info | debug) ;;
        *)
            say "no timeline: LOG_LEVEL is $(value_of LOG_LEVEL) in $ENV_FILE, but the agent logs its part at info"
            return ;;
    esac
    docker compose logs --no-log-prefix --no-color --since "$started" agent | run -T phone timeline --report "$1"
}

# Takes the first of the parts of $rest, which end with a |, into $words.
take_a_part() {
    words=$(say "${rest%%|*}" | sed 's/^ *//; s/ *$//') rest=${rest#*|}
}

# Has the second person wait for the line's call: they say PERSON and then press KEYS, or do not take the call. They say
# the first part of PERSON when they pick up, and each other one after the line has spoken.
expect_a_call() { # LANGUAGE
    language=$1
    set -- --wait 600
    case $PERSON in
        busy) set -- "$@" --busy ;;
        declines) set -- "$@" --decline ;;
        nobody) set -- "$@" --no-answer ;;
        *)
            rest="$PERSON|"
            take_a_part
            set -- "$@" --patience 3 --at 0.5 --say "$words"
            while [ -n "$rest" ]; do
                take_a_part
                [ -z "$words" ] || set -- "$@" --say "$words"
            done
            set -- "$@" ${KEYS:+--dtmf "$KEYS"} --stay 300 --max-seconds 600 ;;
    esac
    : > "$told"
    run -T --name "$second" person answer "$@" ${language:+--language "$language"} > "$told" 2>&1 &
    second_pid=$!
    until ! kill -0 "$second_pid" 2>/dev/null || grep -q '^Waiting' "$told"; do sleep 1; done
    grep -q '^Waiting' "$told" || die "the second person's phone did not start: $(cat "$told")"
}

# Prints what the second person heard. Their call ends with the caller's; if they were not called, nothing ends it.
tell_of_the_person() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        kill -0 "$second_pid" 2>/dev/null || break
        sleep 1
    done
    docker stop "$second" >/dev/null 2>&1 || true
    wait "$second_pid" || true
    say "the second person:"
    sed '/^Waiting/d; s/^phone: interrupted.*/  they were not called, or were still in the call/' "$told"
}

engine_answers
[ -n "$(docker compose ps --quiet --status running agent 2>/dev/null)" ] || die "the line is not up. Run make up first."
keep_the_network
ours="label=com.docker.compose.project=$(project)"
[ -z "$(docker ps --quiet --filter "$ours" --filter label=com.docker.compose.service=phone)" ] ||
    die "the phone is in a call already. Wait for it to end, then run make call again."
if [ -n "${WAV:-}" ]; then
    [ -r "$WAV" ] || die "WAV is '$WAV', but there is no such file to read."
    set -- --wav /call.wav
else
    set --
    rest="${SAY:-When are you open?}|"
    while [ -n "$rest" ]; do
        take_a_part
        [ -z "$words" ] || set -- "$@" --say "$words"
    done
fi
address=$(value_of SUBNET).11
[ -z "${PERSON:-}" ] || [ "$(value_of OUTBOUND_ADDRESS)" = "$address" ] ||
    die "PERSON is set, but the line's calls do not go to this bundle's second phone: OUTBOUND_ADDRESS is" \
        "'$(value_of OUTBOUND_ADDRESS)' in $ENV_FILE. Set it to $address, run make up, and then make call again."
[ -z "${EXPECT:-}" ] || set -- "$@" --expect "$EXPECT"
choose_line
set -- "$@" --to "$NUMBER"
# Send the account, as the trunk does: the line takes no call from another account, or from none, if it knows its own.
account=$(value_of TRUNK_ACCOUNT) header=$(account_header)
account=${account:-$(value_of TWILIO_ACCOUNT_SID)}
[ -z "$account" ] || [ -z "$header" ] || set -- "$@" --header "$header: $account"
language=$(language_of_line)
[ -z "$language" ] || set -- "$@" --language "$language"
room_on_the_disk "$(docker compose --profile phone config --images | grep phone)"
docker compose --progress quiet build phone
mkdir -p calls
report=calls/.report-$$.json
told=calls/.person-$$.txt
trap 'rm -f "$report" "$told"' EXIT
trap 'exit 130' INT TERM
user=$(this_user)   # so that the recordings are theirs
second=$(project)-second-person
[ -z "${PERSON:-}" ] || expect_a_call "$language"
wait_for_the_model
started=$(docker info --format '{{.SystemTime}}')   # the engine's clock, which may be a virtual machine's
code=0
run ${WAV:+--volume "$(cd "$(dirname "$WAV")" && pwd)/$(basename "$WAV"):/call.wav:ro"} \
    phone call --json "/$report" --patience 4 "$@" || code=$?   # an answer may come after "One moment, please."
[ -z "${PERSON:-}" ] || tell_of_the_person
case $code in 0 | 11 | 12 | 13) timeline "/$report" || true ;; esac   # the call was answered
exit "$code"
