#!/usr/bin/env bash
# Opens a report in headless Chromium, without network and without script, and checks that it renders: usage tests/browser.sh report.html [picture.png]
set -euo pipefail
report="$(realpath "$1")"
picture="${2:-$(mktemp -d)/report.png}"
profile="$(mktemp -d)"
trap 'rm -rf "$profile"' EXIT
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$profile" \
    --window-size=1280,2400 --screenshot="$picture" "file://$report" >/dev/null 2>&1
test -s "$picture"
# What the browser made of it has the heading, the charts and no script.
dom="$(chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$profile" --dump-dom "file://$report" 2>/dev/null)"
grep -q '<h1' <<<"$dom"
grep -q '<svg' <<<"$dom"
if grep -qi '<script' <<<"$dom"; then echo "the report has a script"; exit 1; fi
if grep -Eqi '(src|href)="(https?:)?//' <<<"$dom"; then echo "the report loads something from outside"; exit 1; fi
echo "rendered: $picture"
