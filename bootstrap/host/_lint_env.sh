# Check a file of NAME=value rows as it is on the disk. Compose drops quotes, comments and carriage returns and expands
# $ before any program sees a value, so nothing else can find what is wrong there.
# shellcheck shell=sh

lint() { # FILE NAME...: without names, every name is allowed
    file=$1; shift
    LC_ALL=C awk -v file="$file" -v known="$*" '
        function wrong(what, cure) { printf "%s:%d: %s; %s\n", file, NR, what, cure; bad = 1 }
        function unknown(name) {
            if (known == "" && name !~ /^[A-Z][A-Z0-9_]*$/)
                wrong("the name " name " has characters other than A-Z, 0-9 and _", "use only these")
            else if (known != "" && !(name in is_known))
                wrong("nothing reads the variable " name, ".env.example lists all there are")
            else return 0
            return 1
        }
        BEGIN { n = split(known, names, " "); for (i = 1; i <= n; i++) is_known[names[i]] = 1 }
        NR == 1 && /^\357\273\277/ {
            wrong("the file begins with a byte order mark", "save it as UTF-8 without one"); sub(/^\357\273\277/, "")
        }
        /\r/ { wrong("the row ends in a carriage return", "save the file with Unix line endings (LF)"); gsub(/\r/, "") }
        /^#/ || /^$/ { next }
        !/=/ { wrong("found a row without =", "write NAME=value, or # before a comment"); next }
        {
            name = $0; sub(/=.*/, "", name); value = substr($0, length(name) + 2)
            if (name ~ /[ \t]/ || name ~ /^export/) {
                wrong("found white space in or around the name before =", "write NAME=value"); next
            }
            if (unknown(name)) next
            if (name in seen) wrong(name " is set a second time (first in row " seen[name] ")", "keep one of the two")
            seen[name] = NR
            if (value ~ /^[ \t]|[ \t]$/) wrong(name " has white space before or after its value", "remove it")
            if (value ~ /["\047`]/) wrong(name " has quotes in its value", "remove them; a value needs none")
            if (value ~ /\$/) wrong(name " has a $ in its value, which Compose would expand", "use a value without it")
            if (value ~ /[ \t]#/) wrong(name " has a comment after its value", "put the comment on a row of its own")
            if (value ~ /\302\240/) wrong(name " has a no-break space in its value", "use an ordinary one, or none")
        }
        END { exit bad }' "$file" >&2 ||
        die "$file was not used, and nothing was changed. Correct the rows above and run it again."
}

# What a person may set, what make writes, and what release 0.1.0 had.
lint_env() {
    # shellcheck disable=SC2046 # lists of names
    lint "$ENV_FILE" $(known_names) $(derived_names) $(names_make_wrote_once) $(moved_names)
}
