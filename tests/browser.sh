#!/usr/bin/env bash
# Opens pages in headless Chromium and checks what readers need of them (tests/browser/check.mjs says what):
#   tests/browser.sh [--pictures DIRECTORY] PAGE.html...
# Needs chromium and node; says so and passes without them. axe-core comes from npm, once, into the cache directory; without it the
# accessibility rules are left out, and that is said.
set -euo pipefail
here="$(dirname "$0")/browser"
axe_version=4.14.1

for tool in chromium node; do
    command -v "$tool" >/dev/null || { echo "$tool is not here: the browser check is left out"; exit 0; }
done
cache="${FOOTLIGHT_AXE:-$HOME/.cache/footlight-axe-$axe_version}"
axe="$cache/node_modules/axe-core/axe.min.js"
if [ ! -s "$axe" ] && command -v npm >/dev/null; then
    mkdir -p "$cache"
    npm install --prefix "$cache" --ignore-scripts --no-audit --no-fund --no-save "axe-core@$axe_version" >/dev/null 2>&1 || true
fi
if [ -s "$axe" ]; then
    exec node "$here/check.mjs" --axe "$axe" "$@"
fi
echo "axe-core cannot be had here: the accessibility rules are left out"
exec node "$here/check.mjs" "$@"
