#!/usr/bin/env bash
# make test-platforms: streams for a minute to each real platform whose key is in the environment.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
. scripts/setup.sh
. scripts/build.sh
if ! env | grep -qE '^FOOTLIGHT_TEST_(TWITCH|YOUTUBE|KICK|X)_KEY=.|^FOOTLIGHT_TEST_CUSTOM_URL=.'; then
  stop "No platform to test: set FOOTLIGHT_TEST_TWITCH_KEY, FOOTLIGHT_TEST_YOUTUBE_KEY, FOOTLIGHT_TEST_KICK_URL and _KEY,
FOOTLIGHT_TEST_X_URL and _KEY, or FOOTLIGHT_TEST_CUSTOM_URL (and _KEY), then run this again. Whoever follows the channel will see the minute."
fi
build_steps server site
setup_steps demo
run_alone
cd end2end
exec npx playwright test --project=platforms
