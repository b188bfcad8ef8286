#!/usr/bin/env bash
# Makes function.zip of the program `bootstrap`, both in the folder $1. It refuses a program that would not run on Lambda,
# is too large, or holds one of the other arguments, paths of this machine. The same program makes the same bytes: the zip
# holds no date, user or folder.
set -euo pipefail
folder=$1 program=$1/bootstrap
shift

fail() {
    echo "error: $*" >&2
    exit 1
}

command -v zip > /dev/null || fail "\`zip\` is not installed, which the package is made with"

# The C library of Amazon Linux 2023, on which `provided.al2023` runs.
has=2.34
needs=$(readelf --version-info "$program" | grep --only-matching 'GLIBC_[0-9]*\.[0-9]*' | cut -d _ -f 2 | sort -V | tail -n 1)
[ "$(printf '%s\n' "$needs" $has | sort -V | tail -n 1)" = $has ] || fail "$program needs GLIBC $needs, and Lambda has $has"
echo "$program: needs GLIBC $needs, Lambda has $has"

for path; do
    if grep --quiet --fixed-strings -e "$path" "$program"; then
        fail "$program holds the path $path; --remap-path-prefix should have replaced it"
    fi
done

# In bytes, zipped. Lambda itself takes 50 MB; a smaller function starts sooner.
most=4000000
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
install --mode 755 "$program" "$copy/bootstrap"
# The earliest date of a zip.
TZ=UTC touch --date 1980-01-01T00:00:00 "$copy/bootstrap"
TZ=UTC zip -9 -X --quiet --junk-paths "$copy/function.zip" "$copy/bootstrap"
size=$(stat --format %s "$copy/function.zip")
[ "$size" -le $most ] || fail "the function's zip has $size bytes, and the bound is $most"
install --mode 644 "$copy/function.zip" "$folder/function.zip"
echo "$folder/function.zip: $size bytes"
