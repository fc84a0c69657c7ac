#!/usr/bin/env bash
# Runs the tests on code that counts, and prints which share of the lines and branches of each file of core/ they reach:
# tools/coverage.sh. build/coverage/FILE.c.gcov marks them.
set -eu
cd "$(dirname "$0")/.."
folder=build/coverage
find $folder -name '*.gcda' -delete
log=$folder/check.log
$folder/check >$log 2>&1 || { tail -n 20 $log && exit 1; }
for test in tests/core/test_cli*.sh; do bash "$test" $folder/actmem >>$log 2>&1 || { tail -n 20 $log && exit 1; }; done
cd $folder
rm -f ./*.gcov
gcov --branch-probabilities --object-directory core core/*.o >gcov.log 2>/dev/null
awk '
    /^File / { gsub(/\x27/, "", $2); own = $2 ~ /(^|\/)core\/[^\/]*\.[ch]$/; name = $2; sub(/.*core\//, "", name); next }
    own && /^Lines executed/ { split($2, p, /[:%]/); lines[name] = p[2]; line_count[name] = $4; reached_lines += p[2] * $4; all_lines += $4 }
    own && /^Branches executed/ { next }
    own && /^Taken at least once/ { split($4, p, /[:%]/); branches[name] = p[2]; branch_count[name] = $6; reached += p[2] * $6; all += $6 }
    END {
        for (name in lines) if (line_count[name] > 0) printf "  %-24s lines %6.2f %% of %4d   branches %6.2f %% of %4d\n", name, lines[name], line_count[name],
            name in branches ? branches[name] : 100, branch_count[name] | "sort"
        close("sort")
        printf "  %-24s lines %6.2f %% of %4d   branches %6.2f %% of %4d\n", "all of core/", reached_lines / all_lines, all_lines, reached / all, all
    }' gcov.log
