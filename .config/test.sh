#!/usr/bin/env bash
# make test: set-up, checks, then every ring. Ends with the runners' own closing lines and one sum of them.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
cd "$root"
started=$SECONDS
passed=0
failed=0

ring() { say "" && say "== $1 (after $((SECONDS - started)) s)"; }
count() { grep -oE "$2" "$1" | grep -oE '[0-9]+' | awk '{ sum += $1 } END { print sum + 0 }'; }

"$root/.config/setup.sh" test

ring "checks"
"$root/.config/check.sh" || failed=$((failed + $?))

ring "cargo test"
log="$logs/cargo-test.log"
cargo test --locked --features ssr --no-fail-fast 2>&1 | tee "$log" || {
  # A compile error fails no test by name, and is a failure all the same.
  grep -q '^test result' "$log" || failed=$((failed + 1))
}
passed=$((passed + $(count "$log" '^test result: .* [0-9]+ passed' || true)))
failed=$((failed + $(count "$log" '[0-9]+ failed;' || true)))

ring "browsers"
if "$root/.config/build.sh"; then
  log="$logs/playwright.log"
  (cd end2end && FORCE_COLOR=0 npx playwright test) 2>&1 | tee "$log" || {
    grep -qE '^ +[0-9]+ failed' "$log" || failed=$((failed + 1))
  }
  passed=$((passed + $(count "$log" '^ +[0-9]+ passed' || true)))
  failed=$((failed + $(count "$log" '^ +[0-9]+ failed' || true)))
else
  failed=$((failed + 1))
fi

say ""
say "after $((SECONDS - started)) s"
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
