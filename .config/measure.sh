#!/usr/bin/env bash
# make bench, make soak: what takes long or measures. One thing at a time, figures on standard output.
# usage: measure.sh bench|soak [filter]
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
cd "$root"
what=$1
"$root/.config/setup.sh" "$what"
"$root/.config/build.sh"
say "" && say "== $what"
failed=0
# What is measured is our own code as a release has it. Everyday builds leave it unoptimised, which is faster to build.
optimised=()
[ "$what" = soak ] || optimised=(--config 'profile.dev.package.footlight.opt-level=3' --config 'profile.dev.package.footlight.debug-assertions=false')
FOOTLIGHT_SOAK=1 cargo test --locked "${optimised[@]}" --features ssr --test "$what" -- --nocapture --test-threads 1 "${@:2}" || failed=1
if [ -d "end2end/$what" ]; then
  (cd end2end && FOOTLIGHT_SOAK=1 FORCE_COLOR=0 npx playwright test --config "$what.config.ts" "${@:2}") || failed=1
fi
exit "$failed"
