#!/bin/sh
# make restore: put the .env, the lines and the data of a backup in the place of what is here, and start the line. FILE
# names the backup, and YES=yes answers the question in advance. If it fails, what was here is put back.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_lines.sh
. bootstrap/host/_settings.sh
. bootstrap/host/_archive.sh
forget_the_shells_settings

# While files are replaced, what is to come is in <path>.restored, and what was there in <path>.replaced, which is empty
# if nothing was. The journal has the path of the lines' folder, then a word for each step, so that the next restore can
# undo one that was interrupted.
JOURNAL=$ENV_FILE.restore

unpack_beside() {
    as_this_user unpack-env < "$archive" | replace_private "$ENV_FILE.restored"
    [ -s "$ENV_FILE.restored" ] || exit 2
    lines=$(lines_folder_in "$ENV_FILE.restored") lines=${lines%/}
    [ ! -e "$lines.replaced" ] || die "$lines.replaced is in the way. Look what is in it, then move it or delete it."
    rm -rf "$lines.restored"
    mkdir -p "$lines.restored" || die "LINES_FOLDER is '$lines' in the backup, but that folder cannot be made here."
    as_this_user unpack-lines "$(absolute "$lines.restored"):/restored" < "$archive" || exit 2
}

tell_what_is_here() {
    [ ! -e "$ENV_FILE" ] || say "  $ENV_FILE"
    [ ! -e "$lines" ] || say "  the folder $lines"
    ! docker volume inspect "$(data_volume)" >/dev/null 2>&1 ||
        say "  the volume data: records of calls, and whatever else the agent keeps"
}

ask_first() { # WHAT IS HERE
    say "This stops the line, and replaces:"
    say "$1"
    [ "${YES:-}" != yes ] || return 0
    printf 'Replace them? [y/N] '
    read -r answer || answer=
    case $answer in y | Y | yes) ;; *) say "Nothing was changed."; exit 1 ;; esac
}

replace_files() {
    say "$lines" | replace_private "$JOURNAL"
    if [ -e "$lines" ]; then mv "$lines" "$lines.replaced"; else mkdir "$lines.replaced"; fi
    mv "$lines.restored/lines" "$lines"
    if [ -e "$ENV_FILE" ]; then mv "$ENV_FILE" "$ENV_FILE.replaced"; else : > "$ENV_FILE.replaced"; fi
    mv "$ENV_FILE.restored" "$ENV_FILE"
}

# As make up does, before anything is stopped. The agent does not see the data that is about to be replaced, which may
# be of a newer release.
check_what_is_restored() {
    sh bootstrap/host/make_env.sh && look_at_the_engine &&
        build "$IMAGE" bootstrap agent &&
        ask bootstrap plan >/dev/null && ask --volume /data agent --check >/dev/null
}

replace_data() {
    say data >> "$JOURNAL"
    as_the_agent replace-data < "$archive" || exit 2
}

put_back() {
    say "Putting back what was here before."
    lines=$(sed -n 1p "$JOURNAL")
    if grep -qx data "$JOURNAL"; then
        docker compose --profile '*' down >&2 || true
        as_the_agent put-data-back </dev/null
    fi
    if [ -d "$lines.replaced" ]; then
        rm -rf "$lines"
        rmdir "$lines.replaced" 2>/dev/null || mv "$lines.replaced" "$lines"
    fi
    if [ -e "$ENV_FILE.replaced" ]; then
        if [ -s "$ENV_FILE.replaced" ]; then mv "$ENV_FILE.replaced" "$ENV_FILE"
        else rm -f "$ENV_FILE" "$ENV_FILE.replaced"; fi
    fi
    rm -f "$JOURNAL"
}

delete_what_was_replaced() {
    grep -qx settled "$JOURNAL" || say settled >> "$JOURNAL"
    as_the_agent settle-data </dev/null
    rm -rf "$ENV_FILE.replaced" "$(sed -n 1p "$JOURNAL").replaced"
    rm -f "$JOURNAL"
}

finish_an_interrupted_restore() {
    [ -e "$JOURNAL" ] || return 0
    warn "an earlier make restore was interrupted."
    if grep -qx settled "$JOURNAL"; then delete_what_was_replaced; else put_back; fi
}

undo_what_failed() {
    code=$?
    trap '' INT TERM
    trap - EXIT
    if [ -e "$JOURNAL" ]; then
        put_back
        [ -z "$was_up" ] || RESTORING=yes sh bootstrap/host/up.sh >&2 ||
            warn "the line did not come up again. make up says why."
    fi
    rm -rf "$ENV_FILE.restored" ${lines:+"$lines.restored"}
    exit "$code"
}

archive=${FILE:-}
[ -n "$archive" ] || die "FILE has to name a backup, as in make restore FILE=backups/landline-2026-12-04-190000.tar."
[ -f "$archive" ] && [ -r "$archive" ] || die "FILE is '$archive', but there is no such file to read."
engine_answers
build_without_env "$IMAGE" agent
finish_an_interrupted_restore
content=$(as_this_user check < "$archive") || exit 2
lines='' was_up=''
trap undo_what_failed EXIT
trap 'exit 130' INT TERM
unpack_beside
say "$archive is $content."
here=$(tell_what_is_here)
[ -z "$here" ] || ask_first "$here"
[ ! -e "$ENV_FILE" ] || was_up=$(docker compose ps --quiet --status running agent 2>/dev/null) || was_up=''
replace_files
if [ -n "$here" ]; then
    (check_what_is_restored) || die "the backup's settings cannot be used here. The reason is above."
    docker compose --profile '*' down
fi
replace_data
if RESTORING=yes sh bootstrap/host/up.sh; then
    delete_what_was_replaced
    say "Restored $archive."
elif [ -n "$here" ]; then
    die "the line did not come up with what was restored. The reason is above."
else
    delete_what_was_replaced
    die "everything was restored, but the line did not come up. The reason is above: usually, a setting in $ENV_FILE" \
        "does not fit this host. Correct it, then run make up."
fi
