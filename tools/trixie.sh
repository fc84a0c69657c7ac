#!/usr/bin/env bash
# The modules by a current Emscripten, Debian trixie's, in a folder of its own (3 GB), and whether they answer as the native build does, byte for
# byte. Run by `make trixie`, as root: it needs debootstrap and chroot. FOLDER=… has a trixie with emscripten and make already.
set -eu
cd "$(dirname "$0")/.."
folder=${FOLDER:-build/trixie}
work=$folder/work
if [ ! -x "$folder/usr/bin/emcc" ]; then
    command -v debootstrap >/dev/null || { echo "install debootstrap, then make again" >&2 && exit 1; }
    mkdir -p "$folder"
    debootstrap --variant=minbase --include=emscripten,make,ca-certificates trixie "$folder" >build/trixie.log 2>&1 || { tail -n 20 build/trixie.log >&2 && exit 1; }
fi
rm -rf "$work/core" "$work/wasm"
mkdir -p "$work/build/include" "$work/web"
cp -r Makefile core wasm tools "$work"
cp build/include/jsmn.h "$work/build/include"
touch "$work/build/setup.stamp"
chroot "$folder" emcc --version | sed -n '1s/^/  /p'
chroot "$folder" make --silent -C /work JSMN=build/include/jsmn.h WHOLE_PROFILE= -j"$(getconf _NPROCESSORS_ONLN)" build/core.wasm build/whole.wasm build/bench.wasm
# Sizes, and the profile, are those of Debian 12's Emscripten alone.
tools/stage.sh trixie env WASM="$work/build" node --test --test-reporter=spec --test-name-pattern='native|imports|boundary|memory|core.wasm = whole.wasm' tests/wasm/*.test.mjs
