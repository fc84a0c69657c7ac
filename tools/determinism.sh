#!/usr/bin/env bash
# Whether the answer depends on who compiled it: every preset under several runs, and the fuzzers' corpus, by gcc and clang at -O0 and
# -O2, byte for byte; then core.wasm and whole.wasm built in two folders of different names. (`make test-wasm` holds wasm to native.)
set -eu
cd "$(dirname "$0")/.."
folder=build/determinism
rm -rf $folder && mkdir -p $folder/first $folder/second/deeper
passed=0 failed=0

texts() {
    build/gcc/actmem --tables=inputs | node -e '
        const { presets } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
        for (const { name } of presets) for (const run of ["", "&seq=64&batch=2&checkpoint=full", "&seq=64&checkpoint=budget:40GiB&frontier=yes"]) console.log(`model=${name}${run}`);'
    cat tests/fuzz/corpus/evaluate/* | tr '\0' ' '
}
answers() { # BINARY: every answer, refusals too
    while read -r text; do "$1" --json "$text" 2>&1 || true; done <$folder/texts
}
same() { # NAME FILE FILE
    if cmp -s "$2" "$3"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAILED: $1 differ"; fi
}

texts >$folder/texts
find build/coverage -name '*.gcda' -delete # those of code as it was are complained of, among the answers
for flavour in gcc clang coverage plain; do answers build/$flavour/actmem >$folder/$flavour.json; done
same 'gcc -O2 and clang -O2' $folder/gcc.json $folder/clang.json
same 'gcc -O2 and gcc -O0' $folder/gcc.json $folder/coverage.json
same 'gcc -O2 and clang -O0' $folder/gcc.json $folder/plain.json
echo "  $(wc -l <$folder/texts) texts, $(wc -c <$folder/gcc.json) bytes of answers"
for copy in first second/deeper; do
    cp -r Makefile core wasm tools $folder/$copy/
    mkdir -p $folder/$copy/build $folder/$copy/web && touch $folder/$copy/build/setup.stamp
    make --silent --no-print-directory -C $folder/$copy build/core.wasm build/whole.wasm >/dev/null
done
for name in core whole; do same "$name.wasm of two folders" $folder/first/build/$name.wasm $folder/second/deeper/build/$name.wasm; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
