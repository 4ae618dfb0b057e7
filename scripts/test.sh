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

# Rings run side by side where they do not disturb each other: captures one at a time, and beside them what needs no media; then the
# browsers, and beside them the relay.
# Each has a process group of its own, so that it is ended whole when this is.
rings=()
end_rings() {
  local ring
  for ring in "${rings[@]}"; do kill -TERM -- "-$ring" 2>/dev/null || true; done
}
trap end_rings EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# in_background COMMAND…: its process is the last of `rings`.
in_background() {
  set -m
  "$@" &
  rings+=("$!")
  set +m
}

# The test programs that `cargo test` runs, from the manifest, so that a new one is in a ring.
test_programs() {
  awk '/^\[/ { if (name != "" && !off) print name; name = ""; off = 0; on = $0 == "[[test]]" }
    on && $1 == "name" { gsub(/"/, "", $3); name = $3 }
    on && $1 == "test" && $3 == "false" { off = 1 }
    END { if (name != "" && !off) print name }' Cargo.toml
}
# cargo_ring NAME ARGUMENTS…: its words go to the log NAME. A run that ends without a result counts as a failure.
cargo_ring() {
  local log="$logs/$1.log"
  cargo test --locked --features ssr --no-fail-fast "${@:2}" >"$log" 2>&1 || grep -q '^test result' "$log" ||
    echo "1 failed; cargo test ended without a result" >>"$log"
}
browsers() {
  local log="$logs/playwright.log"
  (cd end2end && FORCE_COLOR=0 npx playwright test --project=e2e) >"$log" 2>&1 || grep -qE '^ +[0-9]+ failed' "$log" ||
    echo "  1 failed, Playwright ended without a result" >>"$log"
}
# beside PID NAME PID NAME…: shows the first log while it grows, and the others when they are whole; then counts.
beside() {
  tail --pid="$1" -n +1 -f "$logs/$2.log" 2>/dev/null || true
  local first=$1
  while [ $# -gt 0 ]; do
    wait "$1" || true
    if [ "$1" != "$first" ]; then cat "$logs/$2.log"; fi
    passed=$((passed + $(count "$logs/$2.log" '^test result: .* [0-9]+ passed|^ +[0-9]+ passed' || true)))
    failed=$((failed + $(count "$logs/$2.log" '[0-9]+ failed;|^ +[0-9]+ failed' || true)))
    shift 2
  done
}

light=(--lib --bins)
for name in $(test_programs); do
  case $name in
  egress | relay) ;;
  *) light+=("--test=$name") ;;
  esac
done

section "captures, and beside them what needs no media"
: >"$logs/egress.log"
needs_no_media() {
  cargo_ring light "${light[@]}"
  cargo_ring examples --doc
}
in_background cargo_ring egress --test=egress
in_background needs_no_media
beside "${rings[0]}" egress "${rings[1]}" light "${rings[1]}" examples

section "browsers, and beside them the relay"
: >"$logs/playwright.log"
in_background browsers
in_background cargo_ring relay --test=relay
beside "${rings[2]}" playwright "${rings[3]}" relay
rings=()
close
