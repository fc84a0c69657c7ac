#!/usr/bin/env bash
# All that a release publishes, into build/release, and a trial of it as its users have it: the command line unpacked into an empty prefix, the
# npm package in an empty project. With checksums, and a CycloneDX list of the packages that it is made of. The same sources give the same files.
# Run by `make release`.
set -eu
cd "$(dirname "$0")/.."
folder=build/release
version=$(build/actmem --version) && version=${version#actmem }
name=actmem-$version
rm -rf $folder && mkdir -p $folder

fail() { echo "release: $*" >&2 && exit 1; }
for file in web/package.json package/package.json; do
    [ "$(node -p "require('./$file').version")" = "$version" ] || fail "$file has another version than the core, $version"
done
[ "$(node -p 'require("./web/package-lock.json").version')" = "$version" ] || fail "web/package-lock.json has another version than the core, $version"
grep -q "^## $version " CHANGELOG.md || fail "CHANGELOG.md has nothing of $version"

# ---- what is published

pack() { # FILE FOLDER: its files, whoever packs them and when
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode='u+rwX,go+rX,go-w' -C "$2" -cf - . | gzip -9n >"$1"
}
make --silent --no-print-directory install PREFIX= DESTDIR="$PWD/$folder/tree"
strip $folder/tree/bin/actmem
pack "$folder/$name-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m).tar.gz" $folder/tree
rm -r $folder/tree
cp build/actmem.tgz "$folder/$name.tgz"
cp build/actmem.html "$folder/$name.html"
pack "$folder/$name-site.tar.gz" web/dist

(cd web && npm sbom --sbom-format cyclonedx --package-lock-only --omit dev) >$folder/npm.json
# jsmn is compiled into the core; npm does not know it.
node -e '
    const list = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    delete list.serialNumber; // random, and the time: the same sources give the same list
    delete list.metadata.timestamp;
    list.components.push({ type: "library", name: "jsmn", version: process.argv[2], licenses: [{ license: { id: "MIT" } }],
        externalReferences: [{ type: "vcs", url: "https://github.com/zserge/jsmn" }] });
    console.log(JSON.stringify(list, null, 1));' $folder/npm.json "$(dpkg-query -W -f '${Version}' libjsmn-dev 2>/dev/null || echo unknown)" >"$folder/$name.cdx.json"
rm $folder/npm.json
(cd $folder && sha256sum -- * >SHA256SUMS)

# ---- as users have it

trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT
(cd $folder && sha256sum --quiet --check SHA256SUMS)
mkdir "$trial/prefix" "$trial/project"
tar -C "$trial/prefix" -xzf "$folder/$name"-*-"$(uname -m)".tar.gz
(
    cd "$trial/prefix"
    export PATH=$PWD/bin:/usr/bin:/bin
    [ "$(actmem --version)" = "actmem $version" ]
    actmem --json model=llama-3-8b seq=8192 >"$trial/native.json"
    actmem sweep model=llama-3-8b seq=1k..8k:x2 --output "$trial/rows.csv" 2>/dev/null
    [ "$(wc -l <"$trial/rows.csv")" -eq 5 ]
    grep -q "actmem $version" share/man/man1/actmem.1
    grep -q "actmem $version" share/doc/actmem/reference.md
    bash -n share/bash-completion/completions/actmem
) || fail 'the command line does not work where it is unpacked'
(
    cd "$trial/project"
    npm init --yes >/dev/null
    npm install --silent --no-audit --no-fund --offline "$OLDPWD/$folder/$name.tgz"
    node --input-type=module -e "import { evaluate } from 'actmem'; process.stdout.write(JSON.stringify(await evaluate('model=llama-3-8b&seq=8192')) + '\n');" >"$trial/package.json"
    node -e "const [x, y] = process.argv.slice(1).map((file) => JSON.parse(require('node:fs').readFileSync(file, 'utf8'))); require('node:assert/strict').deepEqual(x, y);" "$trial/native.json" "$trial/package.json"
) || fail 'the package does not answer as the command line does'
(cd $folder && stat -c '  %10s  %n' -- *)
