#!/usr/bin/env bash
# make bench, make soak: long tests and benches, one at a time, with figures on standard output.
# usage: measure.sh bench|soak [filter]
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
. scripts/setup.sh
. scripts/build.sh
what=$1

# Benches measure the build that packages contain. Long tests run on what `make run` starts.
profile=dev
measured=$program
server=server
[ "$what" = soak ] || profile=dist measured=$dist_program server=dist
cargo_test=(cargo test --locked --profile "$profile" --features ssr --no-fail-fast --test "$what")
# Every fuzz target for a minute instead of a second.
[ "$what" != soak ] || cargo_test+=(--test fuzz)

# shellcheck disable=SC2317 # Called as a step.
build_measures() { "${cargo_test[@]}" --no-run; }
build_steps "$server" site
step measures "Rust side of $what" "$server" false build_measures "read the compiler's words above"
urgent[measures]=1
setup_steps "$what"
run_alone

say "" "== $what"
say "measured: $measured, profile $profile, $("$measured" --version), $(($(stat -c %s "$measured") / 1000000)) MB"
failed=0
FOOTLIGHT_SOAK=1 "${cargo_test[@]}" -- --nocapture --test-threads 1 "${@:2}" || failed=1
if [ -d "end2end/$what" ]; then
  (cd end2end && FOOTLIGHT_PROGRAM=$measured FOOTLIGHT_SOAK=1 FORCE_COLOR=0 npx playwright test "--project=$what" "${@:2}") || failed=1
fi
# The package belongs to no test program, so it is tried only when nothing was picked out. Only root can.
try_package() { FOOTLIGHT_DIST_PROFILE=run scripts/dist.sh && as_root env "PATH=$PATH" "HOME=$HOME" scripts/try-package.sh target/packages/*.deb; }
if [ "$what" = soak ] && [ "$#" -eq 1 ]; then try_package || failed=1; fi
exit "$failed"
