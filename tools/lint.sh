#!/usr/bin/env bash
# The static analysers over the C files, each of which must say nothing: tools/lint.sh [TOOL…] of gcc, clang, cppcheck, clang-tidy. What is
# not installed is named and passed over, but where it was asked for. Prints one line for each.
set -u
cd "$(dirname "$0")/.." || exit 1
readonly FLAGS=(-std=c17 -Icore -Iwasm -isystem build/include)
# Headers of tables are no code; a pointer to the first member is the way in which grids find their data (report_map.c); widths of numbers are
# held by -Wconversion. signed-char-misuse (cert-str34-c): int8_t are small numbers that may be below 0, no characters. Padding: members stand
# in the order in which their tables name them.
readonly CHECKS='-*,bugprone-*,clang-analyzer-*,cert-*,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,-cert-err33-c,-bugprone-branch-clone,-bugprone-macro-parentheses,-bugprone-implicit-widening-of-multiplication-result,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-security.insecureAPI.strcpy,-bugprone-reserved-identifier,-cert-dcl37-c,-cert-dcl51-cpp,-bugprone-signed-char-misuse,-cert-str34-c,-clang-analyzer-optin.performance.Padding'
# Passed over in cppcheck: state.c compares to the first letter that differs, and choices.c asks for no more breadths than there are.
mkdir -p build/lint
files=(core/*.c wasm/*.c)
jobs=$(getconf _NPROCESSORS_ONLN)

each() { printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$jobs" "$@"; }

run() { # NAME: its findings on stdout
    case $1 in
    gcc) each gcc "${FLAGS[@]}" -O1 -fanalyzer -Wall -Wextra -c -o /dev/null ;;
    clang) each clang "${FLAGS[@]}" --analyze --analyzer-output text -Xclang -analyzer-disable-checker -Xclang security.insecureAPI.DeprecatedOrUnsafeBufferHandling,security.insecureAPI.strcpy ;;
    cppcheck) cppcheck -q -j "$jobs" --std=c11 --enable=warning,portability,performance --inline-suppr --suppress=missingInclude --suppress=unknownMacro --suppress=arrayIndexOutOfBounds:core/state.c --suppress=arrayIndexOutOfBoundsCond:core/choices.c -Icore -Iwasm -Ibuild/include core wasm ;;
    clang-tidy) each clang-tidy --quiet --checks="$CHECKS" --header-filter='core/|wasm/' 2>/dev/null -- ;;
    esac
}

status=0
for name in "${@:-gcc clang cppcheck clang-tidy}"; do for tool in $name; do
    if ! command -v "$tool" >/dev/null; then
        echo "  --   $tool is not installed"
        [ $# -eq 0 ] || status=1
        continue
    fi
    if [ "$tool" = clang-tidy ]; then
        printf '%s\0' "${files[@]}" | xargs -0 -P "$jobs" -I{} clang-tidy --quiet --checks="$CHECKS" --header-filter='(core|wasm)/' {} -- "${FLAGS[@]}" >build/lint/$tool.log 2>/dev/null
    else
        run "$tool" >build/lint/$tool.log 2>&1
    fi
    found=$(grep -cE '(warning|error|style|performance|portability)[:,]' build/lint/$tool.log)
    if [ "$found" -eq 0 ]; then echo "  ok   $tool"; else
        grep -E '(warning|error|style|performance|portability)[:,]' build/lint/$tool.log | sort -u | head -n 40
        echo "  FAIL $tool: $found findings, all in build/lint/$tool.log"
        status=1
    fi
done; done
exit $status
