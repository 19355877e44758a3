# Move what release 0.1.0 had in .env into the first line: moved.txt says which variable goes where. A key or a file
# that exists already is kept, and each variable leaves .env only when its value is in its new place, so the next run
# completes one that was interrupted.
# shellcheck shell=sh

moved_names() { sed -n 's/^\([A-Z][A-Z0-9_]*\) .*/\1/p' bootstrap/host/moved.txt; }
names_make_wrote_once() { sed -n 's/^\([A-Z][A-Z0-9_]*\) .* made$/\1/p' bootstrap/host/moved.txt; }

# Run COMMAND with NAME VALUE DEFAULT KEY TYPE MAP for each variable of moved.txt that .env still has.
for_each_moved_variable() { # COMMAND
    moved=$(awk 'NR == FNR { sub(/=.*/, ""); there[$0]; next } $1 in there' "$ENV_FILE" bootstrap/host/moved.txt)
    while read -r name default key type map <&3; do
        [ -n "$name" ] || continue
        [ "$default" != - ] || default=
        value=$(value_of "$name")
        "$1" "$name" "${value:-$default}" "$default" "$key" "$type" "$map"
    done 3<<END
$moved
END
}

# Before anything is changed, report values that have no place, and values for a line that does not exist.
check_moves() {
    wrong=0
    for_each_moved_variable check_move
    [ "$wrong" -eq 0 ] ||
        die "$ENV_FILE was not used, and nothing was changed. Correct the settings above and run it again."
}

check_move() { # NAME VALUE DEFAULT KEY TYPE MAP
    [ "$2" != "$3" ] && [ "$5" != made ] || return 0
    case $5 in
        number) [ -n "$(as_toml "$2" number)" ] || complain "$1" "$2" "a number such as 3 or 0.5" ;;
        boolean) [ -n "$(as_toml "$2" boolean)" ] || complain "$1" "$2" "yes or no" ;;
        folder) [ -d "$2" ] || complain "$1" "$2" "a folder that exists: its files move to $(first_line)" ;;
    esac
    [ -d "$(first_line)" ] || first_line_is_to_be_made_in_time ||
        complain "$1" "${5:+set}" "in the line.toml of the line that it is for, because $(first_line) does not exist"
}

first_line_is_to_be_made_in_time() { [ ! -d "$(lines_folder)" ] || first_line_is_to_be_made; }

move_to_first_line() {
    toml=$(first_line)/line.toml unchanged=0
    for_each_moved_variable move
    [ ! -e "$(first_line)/limits.toml" ] || take_limits_over "$(first_line)/limits.toml"
    [ "$unchanged" -eq 0 ] || say "$unchanged variables that had their default value are settings of a line now, and" \
        "were commented out in $ENV_FILE: docs/settings.md lists them"
}

move() { # NAME VALUE DEFAULT KEY TYPE MAP
    case $5 in
        made) return 0 ;;
        folder) move_folder "$1" "$2" ;;
        *)
            if [ "$(as_toml "$2" "$5" "$6")" = "$(as_toml "$3" "$5" "$6")" ]; then
                comment_out "$1" "a setting of a line now; it had its default: $1=$2"
                unchanged=$((unchanged + 1))
            else
                move_value "$@"
            fi ;;
    esac
}

move_value() { # NAME VALUE DEFAULT KEY TYPE MAP
    case $5 in secret) new=$(toml_string "$1") ;; *) new=$(as_toml "$2" "$5" "$6") ;; esac
    there=$(toml_value "$toml" "$4")
    if [ -n "$there" ] && [ "$there" != "$new" ]; then
        leave "$toml" "$4" "$1" "$2"
    elif [ "$5" = secret ] && has_another_secret "$1" "$2"; then
        leave "$(secrets_file)" "$1" "$1" "$2"
    else
        [ "$5" != secret ] || add_secret "$1" "$2"
        [ -n "$there" ] || add_toml_value "$toml" "$4" "$new"
        case $5 in secret) to=$(secrets_file) shown=$1 ;; *) to=$toml shown=$1=$2 ;; esac
        comment_out "$1" "moved to $to: $shown"
        say "moved $1 from $ENV_FILE to $to: $toml has $4 = $new"
    fi
}

leave() { # FILE KEY NAME VALUE
    comment_out "$3" "not used, because $1 has $2 already: $3=$4"
    warn "$3 in $ENV_FILE is not used and was commented out: $1 has $2 already, with another value"
}

has_another_secret() { grep -q "^$1=" "$(secrets_file)" && ! grep -qFx "$1=$2" "$(secrets_file)"; }

add_secret() { # NAME VALUE
    grep -q "^$1=" "$(secrets_file)" || { awk 1 "$(secrets_file)"; say "$1=$2"; } | replace_private "$(secrets_file)"
}

move_folder() { # NAME FOLDER
    for file in agent/example/coffee/*; do
        case $1/$file in PROMPTS/*.md | RULES/*.csv | RULES/*.txt) ;; *) continue ;; esac
        copy_what_is_missing "$(first_version "${file##*/}")" "$(first_line)/${file##*/}"
    done
    [ "$1" != RULES ] || [ ! -f "$2/limits.toml" ] || add_limits "$2/limits.toml"
    comment_out "$1" "its files are in $(first_line): $1=$2"
    say "took $1=$2 out of $ENV_FILE: the files that the line uses are in $(first_line)"
}

# Limits used to have a file of their own.
take_limits_over() { # FILE
    add_limits "$1"
    mv "$1" "$1.moved"
    say "moved the limits from $1 to $toml; the file is $1.moved now, and nothing reads it"
}

add_limits() { # FILE
    sed -n 's/^ *\([a-z_]*\) *= *\([0-9_]*\).*/\1 \2/p' "$1" | while read -r key value; do
        [ -n "$(toml_value "$toml" "limits.$key")" ] || add_toml_value "$toml" "limits.$key" "$value"
    done
}

comment_out() { # NAME COMMENT
    COMMENT="# $2" awk -v name="$1" '
        index($0, name "=") == 1 { print ENVIRON["COMMENT"]; next }
        { print }' "$ENV_FILE" | replace_private "$ENV_FILE"
}

# A value of .env as it is written in line.toml; nothing if it is not of that TYPE.
as_toml() { # VALUE TYPE MAP
    case $2 in
        boolean)
            case $(printf '%s' "$1" | tr '[:upper:]' '[:lower:]') in
                yes | true | on | 1 | y | t) say true ;;
                no | false | off | 0 | n | f) say false ;;
            esac ;;
        number)   # TOML requires a digit on both sides of the point, and no zero before another digit
            printf '%s\n' "$1" |
                sed -n 's/^\./0./; s/^0*\([0-9]\)/\1/; s/\.$/.0/; /^[0-9]\{1,\}\(\.[0-9]\{1,\}\)\{0,1\}$/p' ;;
        *) case $3 in "$1="*) toml_string "${3#*=}" ;; *) toml_string "$1" ;; esac ;;
    esac
}
