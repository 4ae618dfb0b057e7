#!/usr/bin/env bash
# make demo: the whole path with nobody at the keyboard; prints what arrived at a local RTMP server.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
"$root/.config/setup.sh" demo
"$root/.config/build.sh"
cd "$root/end2end"
exec npx playwright test --config demo.config.ts
