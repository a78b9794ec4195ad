#!/bin/sh
# Installs the peers that ingest.py and near_duplicates.py measure against, at pinned versions, into PEERS (default: benches/peers, git-ignored).
# Needs npm and python3 with venv. Versions are pinned so that two people's tables can be compared.
set -eu
CCUSAGE=20.0.24
DUCKDB=2.0.0
RENSA=0.5.0
DATASKETCH=2.0.0
PEERS=${1:-$(dirname "$0")/peers}
mkdir -p "$PEERS"

# The native binary is measured, not the Node launcher in front of it: a start of Node would be a gift to us.
npm install --silent --no-save --no-audit --no-fund --prefix "$PEERS" "ccusage@$CCUSAGE" "@ccusage/ccusage-linux-x64@$CCUSAGE"
chmod +x "$PEERS/node_modules/@ccusage/ccusage-linux-x64/bin/ccusage" # npm drops the bit; the launcher sets it too
"$PEERS/node_modules/@ccusage/ccusage-linux-x64/bin/ccusage" --version

python3 -m venv "$PEERS/python"
"$PEERS/python/bin/pip" install --quiet --disable-pip-version-check "duckdb==$DUCKDB" "rensa==$RENSA" "datasketch==$DATASKETCH"
"$PEERS/python/bin/python" -c 'import duckdb; print("duckdb", duckdb.__version__)'
