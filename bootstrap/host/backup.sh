#!/bin/sh
# make backup: write .env, the lines and the data volume into one file, whether the line is up or down. FILE names it.
set -eu
. bootstrap/host/_lib.sh
. bootstrap/host/_preflight.sh
. bootstrap/host/_lines.sh
. bootstrap/host/_settings.sh
. bootstrap/host/_archive.sh
forget_the_shells_settings

file=${FILE:-backups/landline-$(date -u +%Y-%m-%d-%H%M%S).tar}
started_from_here
[ -d "$(lines_folder)" ] || die "LINES_FOLDER is '$(lines_folder)' in $ENV_FILE, but there is no such folder."
[ ! -e "$file" ] || die "FILE is '$file', which exists, and a backup overwrites nothing. Give it another name."
umask 077   # the file has secrets in it
mkdir -p "$(dirname "$file")" || die "FILE is '$file', but its folder cannot be made."
build_the_archiver
part=$file.part-$$
trap 'rm -f "$part" "$part-files"' EXIT
trap 'exit 130' INT TERM
as_the_person pack-files "$(absolute "$(lines_folder)"):/app/lines:ro" < "$ENV_FILE" > "$part-files" || exit 2
as_the_agent pack < "$part-files" > "$part" || exit 2
content=$(as_the_person check < "$part") || die "the backup could not be read again, and was deleted."
[ ! -e "$file" ] || die "FILE is '$file', which another program has just made. Give it another name."
mv "$part" "$file"
say "Wrote $file: $content."
say "It has the secrets of this host and of its lines in it. Keep it where only you can read it, and on another machine."
