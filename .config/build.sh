#!/usr/bin/env bash
# Builds what `footlight` serves: the browser's side (skipped when its sources have not changed) and the server.
# usage: build.sh [front|server]
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
cd "$root"
# What one page may fetch, packed by gzip: the build fails past it.
wasm_limit_kb=350
# Where libraries' sources lie is this machine's business; and sizes do not depend on it.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="--cfg erase_components --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src/="

sources() { find src style public end2end/scripts.mjs end2end/browsers.mjs .config/{build.sh,parts.mjs,binaryen.mjs,join.mjs,loader.mjs,order.mjs,slots.mjs,wasm.mjs,site.mjs,brotli.mjs} Cargo.toml Cargo.lock rust-toolchain.toml .cargo -type f ! -path 'src/tests/*' | LC_ALL=C sort; }
fingerprint() { sources | xargs -d '\n' sha256sum | sha256sum | cut -d ' ' -f 1; }
stamp="$root/target/site-stamp.txt"

front_done() { [ -s "$hash_file" ] && [ -d "$site/pkg" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ]; }
# LEPTOS_HASH_FILE_NAME absolute: by default the file lands beside a release binary, which we do not build.
build_front() {
  local now
  now=$(fingerprint)
  rm -f "$stamp"
  env LEPTOS_SITE_ROOT="target/site" LEPTOS_HASH_FILE_NAME="$hash_file" \
    cargo leptos build --release --frontend-only --split
  # What types the program's script has is nobody's business in a browser.
  rm -f "$site"/pkg/*.d.*.ts
  node "$root/.config/parts.mjs" "$site/pkg" "$hash_file"
  build_composite
  # Here and once: cargo-leptos would pack modules that are sent in parts, and gzip loosely.
  find "$site" -type f ! -name '*.gz' ! -name '*.br' -exec zopfli --i5 {} + -exec node "$root/.config/brotli.mjs" {} +
  printf '%s\n' "$now" >"$stamp"
}
# The page that the egress records: the same library without the house, in one file.
build_composite() {
  local out="$CARGO_TARGET_DIR/composite" wasm="$CARGO_TARGET_DIR/wasm32-unknown-unknown/wasm/footlight.wasm" hash
  cargo build --locked --lib --target wasm32-unknown-unknown --profile wasm --features composite
  wasm-bindgen "$wasm" --target web --no-typescript --remove-name-section --remove-producers-section --out-dir "$out" --out-name composite
  node "$root/.config/binaryen.mjs" wasm-opt -Oz --converge "$out/composite_bg.wasm" -o "$out/composite.wasm"
  node "$root/end2end/scripts.mjs" "$site/bridge.js" "$out/composite.js" "$out/composite.min.js" "$out/composite.css"
  hash=$(cat "$out/composite.wasm" "$out/composite.min.js" "$out/composite.css" | sha256sum | cut -c 1-22)
  cp "$out/composite.wasm" "$site/pkg/composite.$hash.wasm"
  cp "$out/composite.min.js" "$site/pkg/composite.$hash.js"
  cp "$out/composite.css" "$site/pkg/composite.$hash.css"
  printf 'composite: %s\n' "$hash" >>"$hash_file"
}
server_done() { false; }
build_server() { cargo build --locked --features ssr --bin footlight; }

say "Build"
if [ "${1:-front}" = front ]; then
  step "browser side (first time 11 min)" front_done build_front "read the compiler's words above"
  node "$root/.config/wasm-sizes.mjs" "$site/pkg" "$wasm_limit_kb"
fi
if [ "${1:-server}" = server ]; then
  step "server (first time 10 min)" server_done build_server "read the compiler's words above"
fi
