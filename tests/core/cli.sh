# What the tests of the command line share: sourced with the path of actmem, by default build/actmem; they stand in an empty folder
# then. check counts into passed and failed.
set -u
actmem=$(realpath "${1:-$(dirname "$0")/../../build/actmem}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
passed=0 failed=0

check() { # NAME COMMAND…: the command must succeed
    local name=$1
    shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAILED: $name"; fi
}
