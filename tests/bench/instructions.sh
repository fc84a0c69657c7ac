#!/usr/bin/env bash
# Instructions of single evaluations, counted by callgrind, against those that tests/bench/instructions.txt holds: noise does not reach
# them, as it does times. More than 5 % off fails. instructions.sh BENCH [--write]
set -eu
cd "$(dirname "$0")/../.."
bench=$1
stored=tests/bench/instructions.txt
# glibc copies and fills long stretches by one instruction that callgrind counts once a byte: by those of vectors instead.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000:glibc.cpu.x86_rep_stosb_threshold=1000000000
command -v valgrind >/dev/null || { echo 'valgrind is not installed' >&2 && exit 1; }

# Of one evaluation: those of eleven less those of one, over ten; starting the process is in neither.
count() {
    local first more
    first=$(of "$1" 1) more=$(of "$1" 11)
    echo $(((more - first) / 10))
}
of() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" --repeat "$2" "$1" 2>&1 | awk '/Collected :/ { print $NF }'
}

if [ "${2:-}" = --write ]; then
    while read -r _ text; do echo "$(count "$text") $text"; done <"$stored" >"$stored.new"
    mv "$stored.new" "$stored"
    exit
fi
failed=0 passed=0
while read -r wanted text; do
    found=$(count "$text")
    permille=$(((found - wanted) * 1000 / wanted))
    printf '  %-90s %12d instructions, %+d.%d %%\n' "$text" "$found" $((permille / 10)) $((permille < 0 ? -permille % 10 : permille % 10))
    if [ "$permille" -gt 50 ] || [ "$permille" -lt -50 ]; then
        failed=$((failed + 1))
        echo "FAILED: 5 % at most from the stored $wanted: noise is far smaller. If the change is meant: make instructions WRITE=yes, and say why"
    else
        passed=$((passed + 1))
    fi
done <"$stored"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
