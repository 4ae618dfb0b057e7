#!/usr/bin/env bash
# make demo: the whole path without a person; prints what arrived at a local RTMP server.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
. scripts/setup.sh
. scripts/build.sh
build_steps server site
setup_steps demo
run_alone
cd end2end
exec npx playwright test --project=demo --reporter=line
