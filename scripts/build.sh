#!/usr/bin/env bash
# Builds what Footlight serves, as steps: the browser programs and the site around them (skipped when their sources have not changed),
# and the server.
# usage: build.sh [site|server|dist]…
set -euo pipefail
# shellcheck source=scripts/common.sh
declare -F run_alone >/dev/null || . "$(dirname "${BASH_SOURCE[0]}")/common.sh"

browser_programs=(composite live manage)
compiled="$CARGO_TARGET_DIR/wasm32-unknown-unknown/wasm"
optimised="$CARGO_TARGET_DIR/site-programs"
# shellcheck disable=SC2034 # For measure.sh.
dist_program="$CARGO_TARGET_DIR/dist/package/footlight"
# WebAssembly features that the compiler uses and every supported browser has.
wasm_features=(--enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals
  --enable-reference-types --enable-multivalue)

fingerprint() { find "$@" -type f ! -path 'src/tests/*' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -d ' ' -f 1; }
browser_fingerprint() { fingerprint src scripts/build.sh Cargo.toml Cargo.lock rust-toolchain.toml .cargo; }
# What the programs were built from, as noted by their own step: sources may change while it runs.
site_fingerprint() { printf '%s %s' "$1" "$(fingerprint style public end2end/{site,browsers}.mjs end2end/package-lock.json)"; }

# Leaves the folders of this machine out of the programs, so that sizes do not depend on them. As an option the flag is added to
# those in .cargo/config.toml; as a variable it would replace them.
browser_done() { site_done || [ "$(cat "$compiled/footlight-sources")" = "$(browser_fingerprint)" ]; }
build_browser() {
  local now
  now=$(browser_fingerprint)
  cargo build --locked --target wasm32-unknown-unknown --profile wasm --features hydrate "${browser_programs[@]/#/--bin=}" \
    --config "build.rustflags = [\"--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src/=\"]"
  printf '%s\n' "$now" >"$compiled/footlight-sources"
}

site_done() { [ -s "$site/pkg/manifest.json" ] && [ "$(cat "$site-stamp.txt")" = "$(site_fingerprint "$(browser_fingerprint)")" ]; }
build_site() {
  local now name pid running=()
  now=$(site_fingerprint "$(cat "$compiled/footlight-sources")")
  rm -f "$site-stamp.txt"
  mkdir -p "$optimised"
  for name in "${browser_programs[@]}"; do
    optimise "$name" &
    running+=("$!")
  done
  for pid in "${running[@]}"; do wait "$pid"; done
  node end2end/site.mjs "$optimised" "$site" | tee /dev/fd/3
  printf '%s\n' "$now" >"$site-stamp.txt"
}
# One program with its script; skipped when compiler and tools would produce the same again.
optimise() {
  local name=$1 now
  now="$bindgen_version $(cat "$compiled/$name.wasm" scripts/build.sh end2end/package-lock.json | sha256sum)"
  if [ "$(cat "$optimised/$name.from" 2>/dev/null)" = "$now" ]; then return; fi
  rm -f "$optimised/$name.from"
  wasm-bindgen "$compiled/$name.wasm" --target web --no-typescript --remove-name-section --remove-producers-section \
    --out-dir "$optimised" --out-name "$name"
  wasm-opt -Oz "${wasm_features[@]}" "$optimised/${name}_bg.wasm" -o "$optimised/$name.wasm"
  printf '%s\n' "$now" >"$optimised/$name.from"
}

# Cargo knows best what has changed.
build_server() { cargo build --locked --features ssr --bin footlight; }
# In a folder of its own, because cargo restores its own file. Line tables lie beside the program, where a debugger looks for them.
build_dist() {
  local built="$CARGO_TARGET_DIR/dist/footlight"
  # With the list of its crates inside, for `cargo audit bin`.
  cargo auditable build --locked --profile dist --features ssr --bin footlight
  mkdir -p "$(dirname "$dist_program")"
  objcopy --only-keep-debug "$built" "$dist_program.debug"
  objcopy --strip-all --add-gnu-debuglink="$dist_program.debug" "$built" "$dist_program"
}

# build_steps WHAT…: declares it. The server takes longest, so it goes first.
build_steps() {
  local what label words="read the compiler's words above"
  for what in "$@"; do
    case $what in
    site)
      step browser "browser programs" "toolchain compiler" browser_done build_browser "$words"
      step site "site" "browser bindgen npm vendor" site_done build_site "$words"
      ;;
    server | dist)
      label=server
      [ "$what" = server ] || label="server, as packages have it"
      step "$what" "$label" "toolchain compiler auditable" false "build_$what" "$words"
      urgent[$what]=1
      ;;
    *) stop "There is no $what to build." ;;
    esac
  done
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  [ "$#" -gt 0 ] || set -- site server
  say "Build ($*)"
  build_steps "$@"
  run_alone
fi
