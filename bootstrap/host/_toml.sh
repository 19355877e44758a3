# Read and write single keys of a line.toml. A key is `key` or `table.key`.
# shellcheck shell=sh

# The value of KEY in FILE as it is written there; nothing if the file does not set it.
toml_value() { # FILE KEY
    case $2 in *.*) table=${2%.*} ;; *) table= ;; esac
    awk -v table="$table" -v key="${2##*.}" -v dotted="$2" '
        /^[ \t]*\[/ { section = $0; sub(/#.*/, "", section); gsub(/[][ \t]/, "", section); next }
        !/^[ \t]*#/ && /=/ {
            name = $0; sub(/=.*/, "", name); gsub(/[ \t]/, "", name)
            if ((section == table && name == key) || (section == "" && name == dotted)) {
                value = substr($0, index($0, "=") + 1); gsub(/^[ \t]+|[ \t]+$/, "", value)
                print value; exit
            }
        }' "$1"
}

# Add KEY = VALUE (already in TOML) to FILE: below the comment that shows the key, or at the head of its table.
add_toml_value() { # FILE KEY VALUE
    case $2 in *.*) table=${2%.*} ;; *) table= ;; esac
    VALUE=$3 awk -v table="$table" -v key="${2##*.}" '
        { line[NR] = $0 }
        /^[ \t]*\[/ {
            section = $0; sub(/#.*/, "", section); gsub(/[][ \t]/, "", section)
            if (!first) first = NR
            if (section == table) header = NR
        }
        section == table && index($0, "# " key " = ") == 1 { shown = NR }
        END {
            new = key " = " ENVIRON["VALUE"]
            if (shown) after = shown
            else if (table != "" && header) after = header
            else if (table == "" && first) { after = first - 1; new = new "\n" }
            else { after = NR; if (table != "") new = "\n[" table "]\n" new }
            if (after == 0) print new
            for (i = 1; i <= NR; i++) { print line[i]; if (i == after) print new }
        }' "$1" | replace "$1"
}

toml_string() { printf '"%s"\n' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }

# The text of a TOML string, without its quotes.
text_of_toml() { printf '%s\n' "$1" | sed "s/^[\"']\\([^\"']*\\)[\"'].*/\\1/"; }
