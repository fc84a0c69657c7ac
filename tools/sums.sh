#!/usr/bin/env bash
# Checksums of what is published, and a CycloneDX list of the packages that it is made of, into build/release. Run by `make sums`.
set -eu
cd "$(dirname "$0")/.."
folder=build/release
mkdir -p $folder
(cd web && npm sbom --sbom-format cyclonedx --package-lock-only --omit dev) >$folder/npm.json
# jsmn is compiled into the core; npm does not know it.
node -e '
    const list = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    delete list.serialNumber; // random, and the time: the same sources give the same list
    delete list.metadata.timestamp;
    list.components.push({ type: "library", name: "jsmn", version: process.argv[2], licenses: [{ license: { id: "MIT" } }],
        externalReferences: [{ type: "vcs", url: "https://github.com/zserge/jsmn" }] });
    console.log(JSON.stringify(list, null, 1));' $folder/npm.json "$(dpkg-query -W -f '${Version}' libjsmn-dev 2>/dev/null || echo unknown)" >$folder/sbom.cdx.json
rm $folder/npm.json
find build/actmem web/made/core.wasm web/made/whole.wasm web/dist $folder/sbom.cdx.json -type f -print0 | sort -z | xargs -0 sha256sum >$folder/SHA256SUMS
echo "  $folder/SHA256SUMS ($(wc -l <$folder/SHA256SUMS) files), $folder/sbom.cdx.json"
