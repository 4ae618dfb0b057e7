# Shared by the scripts beside it: folders, tools on PATH, one line per step. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/footlight"
logs="$cache/logs"
rust_version=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")
bindgen_version=$(sed -n 's/^wasm-bindgen = "=\(.*\)"/\1/p' "$root/Cargo.toml")
leptos_version=0.3.11
livekit_version=1.13.5
livekit_folder="$cache/tools/livekit-server-$livekit_version"
bindgen_folder="$cache/tools/wasm-bindgen-$bindgen_version"
leptos_folder="$cache/tools/cargo-leptos-$leptos_version"

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export FOOTLIGHT_LIVEKIT_SERVER="${FOOTLIGHT_LIVEKIT_SERVER:-$livekit_folder/server}"
export PATH="$bindgen_folder/bin:$leptos_folder/bin:$root/end2end/node_modules/.bin:$PATH"
site="$root/target/site"
hash_file="$root/target/site-hash.txt"
program="$CARGO_TARGET_DIR/debug/footlight"
mkdir -p "$logs"

say() { printf '%s\n' "$*"; }
stop() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# step WHAT IS_DONE DO ADVICE: one line saying what, and whether it was there or how long it took.
step() {
  local what=$1 is_done=$2 run=$3 advice=$4 log code started=$SECONDS
  printf '  %-44s ' "$what"
  if "$is_done" >/dev/null 2>&1; then
    say "there already"
    return
  fi
  log="$logs/$run.log"
  # Not inside the condition: there bash would forget `set -e` for everything that the step runs.
  set +e
  (
    set -e
    "$run"
  ) >"$log" 2>&1 </dev/null
  code=$?
  set -e
  if [ "$code" -eq 0 ]; then
    say "done in $((SECONDS - started)) s"
  else
    say "failed after $((SECONDS - started)) s"
    tail -n 20 "$log" >&2
    stop "$what failed: $advice (whole log: $log)"
  fi
}
