#!/usr/bin/env bash
# Runs the tests on code that counts, suite by suite on all cores, and has tools/coverage.mjs say which lines and branches of core/
# and wasm/ they reach: tools/coverage.sh [--write]. It fails where a file has more that none reaches than tests/coverage.txt allows; --write stores what is.
set -eu
cd "$(dirname "$0")/.."
folder=build/coverage
jobs=$(getconf _NPROCESSORS_ONLN)
find $folder -name '*.gcda' -delete
rm -rf $folder/log && mkdir -p $folder/log

one() { # a Check suite, or a script that is given the command line; the counters of processes that end at once are added up
    case $1 in
    *.sh) bash "$1" build/coverage/actmem ;;
    *) CK_FORK=no CK_RUN_SUITE=$1 build/coverage/check ;;
    esac >"build/coverage/log/${1##*/}" 2>&1 || { tail -n 20 "build/coverage/log/${1##*/}" && exit 255; }
}
export -f one
{ printf '%s\n' tests/core/test_cli*.sh && sed -n 's/^SUITE(\(.*\))$/\1/p' build/suites.def; } | xargs -P "$jobs" -I{} bash -c 'one {}'
# The suites' own objects too, for what headers define.
(cd $folder && for part in core wasm tests/core tests/wasm; do gcov --json-format --stdout --branch-probabilities --object-directory $part $part/*.o 2>/dev/null; done) >$folder/gcov.json
node tools/coverage.mjs "$@"
