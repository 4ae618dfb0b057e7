#!/usr/bin/env bash
# make check: format, lints, docs, scripts, dependencies. Runs all of them, and fails if any fails.
set -euo pipefail
# shellcheck source=scripts/common.sh
declare -F run_alone >/dev/null || . "$(dirname "${BASH_SOURCE[0]}")/common.sh"

check_format() { cargo fmt --check; }
check_clippy() { cargo clippy --locked --features ssr --all-targets -- -D warnings; }
# These are built only by name, so they are linted by name.
check_clippy_long() { cargo clippy --locked --features ssr --test bench --test soak -- -D warnings; }
check_docs() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --lib --features ssr; }
# In the profile of the browser programs, to reuse what their build left and not to wait for the server's build.
check_clippy_browser() {
  cargo clippy --locked --target wasm32-unknown-unknown --profile wasm --features hydrate --lib \
    --bin composite --bin live --bin manage -- -D warnings
}
check_types() { npm --prefix end2end run --silent check; }
check_shell() { git ls-files -z '*.sh' .ci/run deploy/debian/footlightctl 'deploy/debian/p*' deploy/container/role | xargs -0 shellcheck --external-sources; }
# Numbers of systemd-analyze run from 0 to 10, limits from 0 to 100.
check_units() {
  local unit
  for unit in deploy/systemd/*.service; do
    systemd-analyze security --offline=true --threshold=40 --no-pager "./$unit" | tail -n 1
  done
}
check_unused() { cargo machete; }
# Without advisories: their database is another repository, and a build must not depend on its latest changes.
check_licences() { cargo deny --locked --log-level error check licenses bans sources; }

# check_steps: declares them. Those that use the same target folder of cargo's run one after another.
check_steps() {
  check format "rustfmt" toolchain check_format
  check clippy "clippy, server" "toolchain compiler server tests" check_clippy
  check clippy-long "clippy, bench and soak" "toolchain clippy" check_clippy_long
  check docs "rustdoc" "toolchain clippy-long" check_docs
  check clippy-browser "clippy, browser" "toolchain compiler browser" check_clippy_browser
  check types "tsc" npm check_types
  check shell "shellcheck" packages check_shell
  check units "systemd-analyze security" packages check_units
  check unused "cargo machete" "toolchain machete" check_unused
  check licences "cargo deny" "toolchain deny" check_licences
}

# Sourced by test.sh, which has more to do.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  . scripts/setup.sh
  say "Checks"
  setup_steps check
  check_steps
  run_alone
  exit "$steps_failed"
fi
