# The folder of the lines: it is made from agent/example if there is none, never changed afterwards, and kept readable
# for containers.
# shellcheck shell=sh

FIRST_LINE=coffee

lines_folder() { lines_folder_in "$ENV_FILE"; }
lines_folder_in() { value_in "$1" LINES_FOLDER | sed 's/^\.\///'; } # FILE OF SETTINGS
first_line() { say "$(lines_folder)/$FIRST_LINE"; }
authorities_file() { say "$(lines_folder)/ca.pem"; }
secrets_file() { say "$(lines_folder)/secrets.env"; }

check_line_secrets() { [ ! -e "$(secrets_file)" ] || lint "$(secrets_file)"; }

make_lines() {
    mkdir -p "$(lines_folder)" || die "LINES_FOLDER is '$(lines_folder)' in $ENV_FILE, but that folder cannot be made."
    copy_what_is_missing agent/example/README.md "$(lines_folder)/README.md"
    [ -e "$(secrets_file)" ] || replace_private "$(secrets_file)" < agent/example/secrets.env
    chmod 600 "$(secrets_file)"
    ! first_line_is_to_be_made || make_first_line
}

# True if there is no line at all, or if only this one exists without its line.toml, which is made last: a run was
# interrupted, or somebody has put their own words there in advance.
first_line_is_to_be_made() {
    [ ! -d "$(first_line)" ] || { [ ! -e "$(first_line)/line.toml" ]; return; }
    for folder in "$(lines_folder)"/*/; do [ ! -d "$folder" ] || return 1; done
}

make_first_line() {
    mkdir -p "$(first_line)"
    for path in agent/example/coffee/*; do
        file=${path##*/}
        [ ! -f "$path" ] || [ "$file" = line.toml ] ||
            copy_what_is_missing "$(first_version "$file")" "$(first_line)/$file"
    done
    make_first_facts
    [ -e "$(first_line)/line.toml" ] || first_settings | replace "$(first_line)/line.toml"
    say "made the missing files in $(first_line), which is your own line to edit: $(lines_folder)/README.md explains it"
}

# The facts of the example's business would be wrong beside words of the operator's own, and so would its hours, its
# appointments and its people.
is_the_examples() { cmp -s "$(example_of persona.md)" "$(first_line)/persona.md"; }

# Prints line.toml; for another business, what the example's can do is commented out.
first_settings() {
    if is_the_examples; then cat agent/example/coffee/line.toml; return; fi
    awk '
        /^tools = \[/ || /^\[(\[people\]|hours|appointments)/ { off = 1 }
        /^\[/ && !/^\[(\[people\]|hours|appointments)/ { off = 0 }
        off && NF && !/^#/ { print "# " $0; if (/^\]/) off = 0; next }
        { print }
    ' agent/example/coffee/line.toml
}

make_first_facts() {
    is_the_examples || return 0
    mkdir -p "$(first_line)/facts"
    for path in agent/example/coffee/facts/*; do
        file=facts/${path##*/}
        copy_what_is_missing "$(example_of "$file")" "$(first_line)/$file"
    done
}

# Where a file of the first line is copied from. Release 0.1.0 had an operator's own files in the folders PROMPTS and
# RULES, and preferred those in the line's language.
first_version() { # FILE
    case $1 in *.md) folder=$(value_of PROMPTS) ;; *) folder=$(value_of RULES) ;; esac
    language=$(value_of LANGUAGE)
    for found in ${folder:+"$folder/$language/$1" "$folder/$1"} "$(example_of "$1")"; do
        if [ -f "$found" ]; then say "$found"; return; fi
    done
}

# The example of a file, in the language that release 0.1.0 had in .env, if there is a translation.
example_of() { # FILE
    for found in "agent/example/translations/$(value_of LANGUAGE)/$1" "agent/example/coffee/$1"; do
        if [ -f "$found" ]; then say "$found"; return; fi
    done
}

copy_what_is_missing() { [ -e "$2" ] || replace "$2" < "$1"; } # FROM TO

# The containers do not run as the user who cloned this: with a strict umask, they could not read what is mounted.
let_containers_read() {
    folder=$(lines_folder)
    find "$folder" -name '.*' ! -path "$folder" -prune -o -type d ! -perm -555 -exec chmod a+rx {} +
    find "$folder" -name '.*' ! -path "$folder" -prune -o \
        -type f ! -name '*secrets.env*' ! -perm -444 -exec chmod a+r {} +
    given_to_services | awk '$1 == "FILES" { print $3 }' | while read -r file; do chmod a+r "$file"; done
}

# All of secrets.env, encoded as one value for Compose; nothing if it has no NAME=value.
encoded_line_secrets() {
    ! grep -q '^[A-Z][A-Z0-9_]*=' "$(secrets_file)" || base64 < "$(secrets_file)" | tr -d '\n'
}
