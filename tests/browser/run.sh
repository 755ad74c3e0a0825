#!/usr/bin/env bash
# Opens the report in a headless Chromium and uses it: tests/browser/run.sh [FOLDER FOR SCREENSHOTS]
# ONSET names the program; without it, the one of the last release build.
set -euo pipefail
cd "$(dirname "$0")/../.."
export ONSET="${ONSET:-target/release/onset}"
if ! command -v chromedriver >/dev/null || ! { command -v chromium || command -v google-chrome; } >/dev/null; then
    echo "skipped: chromedriver and chromium are not installed"
    exit 0
fi
exec python3 tests/browser/report.py "$@"
