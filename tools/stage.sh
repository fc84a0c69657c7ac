#!/usr/bin/env bash
# One stage of `make test`: tools/stage.sh NAME COMMAND… runs the command, keeps its output in build/test/NAME.log and prints one
# closing line, after the output if the stage fails. tools/stage.sh --total NAME… prints the sum; a stage that did not run counts
# as one failure. Below a stage's closing line stands what it skipped, in lines "skip NAME: WHY", and what it tried a second time,
# in lines "again NAME".
set -u
cd "$(dirname "$0")/.." || exit 1
folder=build/test
mkdir -p "$folder"

if [ "${1:-}" = --total ]; then
    shift
    passed=0 failed=0
    for name in "$@"; do
        if [ -f "$folder/$name.count" ]; then
            read -r p f <"$folder/$name.count"
        else
            p=0 f=1
            echo "  $name: did not run"
        fi
        passed=$((passed + p)) failed=$((failed + f))
    done
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
fi

name=$1
shift
log=$folder/$name.log
start=$(date +%s%N)
NO_COLOR=1 CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-120}" "$@" >"$log" 2>&1 </dev/null
status=$?
tenths=$((($(date +%s%N) - start) / 100000000))

# The closing lines of Check, of Node's test runner, of Vitest, and our own. A command without one is a single test.
read -r passed failed seen <<<"$(awk '
    /^[0-9]+%: Checks: / { gsub(/,/, ""); f += $5 + $7; p += $3 - $5 - $7; n++ }
    /^(ℹ|#) pass [0-9]+$/ { p += $3; n++ }
    /^(ℹ|#) (fail|cancelled) [0-9]+$/ { f += $3 }
    /^ +Tests +[0-9]/ { for (i = 2; i < NF; i++) { if ($(i + 1) ~ /^passed/) p += $i; if ($(i + 1) ~ /^failed/) f += $i } n++ }
    /^[0-9]+ passed, [0-9]+ failed$/ { p += $1; f += $3; n++ }
    END { print p + 0, f + 0, n + 0 }' "$log")"
if [ "$status" -eq 0 ] && [ "$seen" -eq 0 ]; then passed=1; fi
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
if [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ]; then
    failed=1
    echo "no test ran" >>"$log"
fi

echo "$passed $failed" >"$folder/$name.count"
verdict=ok
if [ "$failed" -ne 0 ]; then
    verdict=FAIL
    tail -n 200 "$log"
fi
printf '  %-4s %-12s %4d passed, %d failed  %d.%d s\n' "$verdict" "$name" "$passed" "$failed" $((tenths / 10)) $((tenths % 10))
sed -n -e 's/^skip /       skipped: /p' -e 's/^again /       tried again: /p' "$log"
[ "$failed" -eq 0 ]
