#!/usr/bin/env bash
# make check: format, clippy on both targets, docs, TypeScript. Goes through all of them and fails if any does.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
cd "$root"
failed=0

check() {
  local what=$1 log started=$SECONDS
  shift
  log="$logs/check-${what//[^a-z]/-}.log"
  printf '  %-44s ' "$what"
  if "$@" >"$log" 2>&1; then
    say "clean ($((SECONDS - started)) s)"
  else
    say "not clean ($((SECONDS - started)) s)"
    tail -n 60 "$log"
    failed=$((failed + 1))
  fi
}

say "Checks"
check "rustfmt" cargo fmt --check
check "clippy, server" cargo clippy --locked --features ssr --all-targets -- -D warnings
# Built by name only, so looked at by name.
check "clippy, bench and soak" cargo clippy --locked --features ssr --test bench --test soak -- -D warnings
check "clippy, browser" cargo clippy --locked --lib --target wasm32-unknown-unknown --features hydrate -- -D warnings
check "clippy, composite" cargo clippy --locked --lib --target wasm32-unknown-unknown --features composite -- -D warnings
check "rustdoc" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --lib --features ssr
check "tsc" npm --prefix end2end run --silent check
exit "$failed"
