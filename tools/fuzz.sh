#!/usr/bin/env bash
# One fuzz target for a while: tools/fuzz.sh NAME SECONDS [MAX_OPTIONS…]. It starts from tests/fuzz/corpus/NAME and from what earlier runs
# found, which stays in build/fuzz/grown/NAME. A finding ends it and lies in build/fuzz/findings: `build/fuzz/NAME FILE` repeats it.
set -u
cd "$(dirname "$0")/.." || exit 1
name=$1 seconds=$2
shift 2
grown=build/fuzz/grown/$name log=build/fuzz/$name.log
mkdir -p "$grown" build/fuzz/findings
build/fuzz/"$name" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=1024 -artifact_prefix=build/fuzz/findings/"$name"- -print_final_stats=1 \
    "$@" "$grown" tests/fuzz/corpus/"$name" >"$log" 2>&1
status=$?
runs=$(awk '/^stat::number_of_executed_units/ { print $2 }' "$log")
if [ "$status" -eq 0 ]; then
    printf '  ok   %-9s %9d runs in %d s, no finding\n' "$name" "${runs:-0}" "$seconds"
else
    grep -E '^(invariant|of): |ERROR: |SUMMARY|runtime error|Test unit written' "$log"
    printf '  FAIL %-9s %s has all of it\n' "$name" "$log"
fi
exit "$status"
