#!/bin/sh
# make backup: write .env, the lines and the data volume into the file FILE, whether the line is up or down.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_lines.sh
. bootstrap/host/_settings.sh
. bootstrap/host/_archive.sh
forget_the_shells_settings

archive=${FILE:-backups/landline-$(date -u +%Y-%m-%d-%H%M%S).tar}
started_from_here
nothing_is_half_restored
[ -d "$(lines_folder)" ] || die "LINES_FOLDER is '$(lines_folder)' in $ENV_FILE, but there is no such folder."
[ ! -e "$archive" ] || die "FILE is '$archive', which exists, and a backup overwrites nothing. Give it another name."
umask 077   # the file has secrets in it
mkdir -p "$(dirname "$archive")" || die "FILE is '$archive', but its folder cannot be made."
build_without_env "$IMAGE" agent
part=$archive.part-$$
trap 'rm -f "$part" "$part-files"' EXIT
trap 'exit 130' INT TERM
as_this_user pack-files "$(absolute "$(lines_folder)"):/app/lines:ro" < "$ENV_FILE" > "$part-files" || exit 2
as_the_agent pack < "$part-files" > "$part" || exit 2
content=$(as_this_user check < "$part") || die "the backup could not be read again, and was deleted."
[ ! -e "$archive" ] || die "FILE is '$archive', which another program has just made. Give it another name."
mv "$part" "$archive"
say "Wrote $archive: $content."
say "It has the secrets of this host and of its lines in it: keep it private, and on another machine."
