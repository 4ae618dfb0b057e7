#!/usr/bin/env bash
# make test: set-up, build and checks side by side, then every kind of test. Ends with the runners' own last lines and their total.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
. scripts/setup.sh
. scripts/build.sh
. scripts/check.sh
passed=0
failed=0

section() { say "" "== $1 (after $SECONDS s)"; }
count() { grep -oE "$2" "$1" | grep -oE '[0-9]+' | awk '{ sum += $1 } END { print sum + 0 }'; }
close() {
  say ""
  say "after $SECONDS s"
  say "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}

build_tests() { cargo test --locked --features ssr --no-fail-fast --no-run; }

section "set-up, build and checks"
build_steps server site
step tests "Rust tests" server false build_tests "read the compiler's words above"
urgent[tests]=1
setup_steps test
check_steps
set +e
run_alone
broken=$?
set -e
failed=$((failed + steps_failed))
if [ "$broken" -ne 0 ]; then
  failed=$((failed + 1))
  close
  exit 1
fi

section "cargo test"
log="$logs/cargo-test.log"
cargo test --locked --features ssr --no-fail-fast 2>&1 | tee "$log" || {
  # A compile error fails no single test, but it counts as a failure.
  grep -q '^test result' "$log" || failed=$((failed + 1))
}
passed=$((passed + $(count "$log" '^test result: .* [0-9]+ passed' || true)))
failed=$((failed + $(count "$log" '[0-9]+ failed;' || true)))

section "browsers"
log="$logs/playwright.log"
(cd end2end && FORCE_COLOR=0 npx playwright test --project=e2e) 2>&1 | tee "$log" || {
  grep -qE '^ +[0-9]+ failed' "$log" || failed=$((failed + 1))
}
passed=$((passed + $(count "$log" '^ +[0-9]+ passed' || true)))
failed=$((failed + $(count "$log" '^ +[0-9]+ failed' || true)))
close
