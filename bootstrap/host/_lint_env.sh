# Look at a file of NAME=value lines as it lies on the disk. Compose drops quotes, comments and carriage returns and
# fills in $ before any program sees a value, so what is wrong there can only be found here.
# shellcheck shell=sh

lint() { # FILE NAME...: without names, every name is allowed
    file=$1; shift
    LC_ALL=C awk -v file="$file" -v known="$*" '
        function wrong(what, cure) { printf "%s:%d: %s; %s\n", file, NR, what, cure; bad = 1 }
        function unknown(name) {
            if (known == "" && name !~ /^[A-Z][A-Z0-9_]*$/)
                wrong("the name " name " has other characters than A-Z, 0-9 and _", "write it with these alone")
            else if (known != "" && !(name in is_known))
                wrong("nothing reads the variable " name, ".env.example lists those there are")
            else return 0
            return 1
        }
        BEGIN { n = split(known, names, " "); for (i = 1; i <= n; i++) is_known[names[i]] = 1 }
        NR == 1 && /^\357\273\277/ {
            wrong("the file begins with a byte order mark", "save it as UTF-8 without one"); sub(/^\357\273\277/, "")
        }
        /\r/ { wrong("the line ends in a carriage return", "save the file with Unix line ends (LF)"); gsub(/\r/, "") }
        /^#/ || /^$/ { next }
        !/=/ { wrong("found a line without =", "write NAME=value, or # before a comment"); next }
        {
            name = $0; sub(/=.*/, "", name); value = substr($0, length(name) + 2)
            if (name ~ /[ \t]/ || name ~ /^export/) {
                wrong("found white space in or around the name before =", "write NAME=value"); next
            }
            if (unknown(name)) next
            if (name in seen) wrong(name " is set a second time (first in line " seen[name] ")", "keep one of the two")
            seen[name] = NR
            if (value ~ /^[ \t]|[ \t]$/) wrong(name " has white space before or behind its value", "remove it")
            if (value ~ /["\047`]/) wrong(name " has quotes in its value", "remove them; a value needs none")
            if (value ~ /\$/) wrong(name " has a $ in its value, which Compose would fill in", "use one without it")
            if (value ~ /[ \t]#/) wrong(name " has a comment behind its value", "put the comment on a line of its own")
            if (value ~ /\302\240/) wrong(name " has a no-break space in its value", "type an ordinary one, or none")
        }
        END { exit bad }' "$file" >&2 ||
        die "$file was not used, and nothing was changed. Correct the lines above and run it again."
}
