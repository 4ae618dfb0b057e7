# Shared by the scripts beside it: folders, versions, tools on PATH, and the steps of steps.sh. Sourced, never run.
# shellcheck shell=bash disable=SC2034

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/footlight"
logs="$cache/logs"
tools="$cache/tools"
modules="$root/end2end/node_modules"

rust_version=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")
bindgen_version=$(sed -n 's/^wasm-bindgen = "=\(.*\)"/\1/p' "$root/Cargo.toml")
surreal_version=$(sed -n 's/^surrealdb = { version = "=\([^"]*\)".*/\1/p' "$root/Cargo.toml")
client_version=$(sed -n 's/^ *"livekit-client": "\(.*\)",*$/\1/p' "$root/end2end/package.json")
livekit_version=1.13.5
machete_version=0.9.2
deny_version=0.20.2
cargo_deb_version=3.8.0
cyclonedx_version=0.5.9
auditable_version=0.7.7
hadolint_version=2.15.1

livekit_folder="$tools/livekit-server-$livekit_version"
bindgen_folder="$tools/wasm-bindgen-$bindgen_version"
machete_folder="$tools/cargo-machete-$machete_version"
deny_folder="$tools/cargo-deny-$deny_version"
cargo_deb_folder="$tools/cargo-deb-$cargo_deb_version"
cyclonedx_folder="$tools/cargo-cyclonedx-$cyclonedx_version"
auditable_folder="$tools/cargo-auditable-$auditable_version"
surreal_folder="$tools/surreal-$surreal_version"

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export FOOTLIGHT_LIVEKIT_SERVER="${FOOTLIGHT_LIVEKIT_SERVER:-$livekit_folder/server}"
export PATH="$bindgen_folder/bin:$machete_folder/bin:$deny_folder/bin:$cargo_deb_folder/bin:$cyclonedx_folder/bin:$auditable_folder/bin:$modules/.bin:$PATH"
site="$root/target/site"
program="$CARGO_TARGET_DIR/debug/footlight"
mkdir -p "$logs" "$tools"
cd "$root"

say() { printf '%s\n' "$@"; }
stop() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# shellcheck source=scripts/steps.sh
. "$root/scripts/steps.sh"

# Runs the declared steps, unless another script is doing so. Call it by itself, like run_steps.
run_alone() {
  local code
  exec 9>"$cache/setup.lock"
  flock -n 9 || { say "Another set-up is running; waiting for it." && flock 9; }
  run_steps
  code=$?
  exec 9>&-
  return "$code"
}
