#!/usr/bin/env bash
# Makes a bare machine able to build and run Footlight (`setup.sh run`) and to test it (`setup.sh test`).
# Each step is skipped when it is already done.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
purpose=${1:-run}
cd "$root"

run_packages=(chromium ffmpeg xvfb xauth pulseaudio pulseaudio-utils build-essential pkg-config openssl zopfli
  fonts-noto-core fonts-noto-color-emoji fonts-noto-cjk)
test_packages=(nginx libnginx-mod-rtmp stunnel4 iproute2 socat tesseract-ocr
  gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly)
run_programs=(chromium ffmpeg ffprobe Xvfb xauth pulseaudio pactl cc openssl zopfli)
test_programs=(nginx stunnel4 ss ip socat tesseract gst-launch-1.0)

packages=("${run_packages[@]}")
programs=("${run_programs[@]}")
if [ "$purpose" != run ]; then
  packages+=("${test_packages[@]}")
  programs+=("${test_programs[@]}")
fi
if [ "$purpose" = bench ]; then
  packages+=(wrk)
  programs+=(wrk)
fi

missing_packages() {
  local name
  for name in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$name"
  done
}
packages_done() { [ -z "$(missing_packages)" ]; }
install_packages() {
  local nginx_was_there=yes missing as_root=()
  read -ra missing <<<"$(missing_packages)"
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  dpkg-query -W nginx >/dev/null 2>&1 || nginx_was_there=no
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
  # The tests start their own nginx; the package's service would sit on port 80.
  if [ "$nginx_was_there" = no ] && dpkg-query -W nginx >/dev/null 2>&1; then
    "${as_root[@]}" systemctl disable --now nginx || "${as_root[@]}" service nginx stop || true
  fi
}
may_install() { [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || sudo -v; }; }; }

programs_there() {
  local name
  for name in "${programs[@]}"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "$name" >/dev/null || printf '%s ' "$name"
  done
}

toolchain_done() {
  rustup run "$rust_version" cargo clippy --version && rustup run "$rust_version" cargo fmt --version &&
    [ -d "$(rustup run "$rust_version" rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" ]
}
install_toolchain() {
  rustup toolchain install "$rust_version" --no-self-update --profile minimal -c clippy -c rustfmt -t wasm32-unknown-unknown
}

bindgen_done() { [ "$("$bindgen_folder/bin/wasm-bindgen" --version)" = "wasm-bindgen $bindgen_version" ]; }
# Without --locked: the lock file it was published with names a yanked crate.
install_bindgen() {
  CARGO_TARGET_DIR="$cache/tools/build" CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install wasm-bindgen-cli --force --version "$bindgen_version" --root "$bindgen_folder"
}

# A debug build is as good (wasm-bindgen and wasm-opt run as their own programs) and takes a quarter of the time.
leptos_done() { [ "$("$leptos_folder/bin/cargo-leptos" --version)" = "cargo-leptos $leptos_version" ]; }
install_leptos() {
  CARGO_TARGET_DIR="$cache/tools/build" CARGO_PROFILE_DEV_DEBUG=0 \
    cargo install cargo-leptos --force --debug --locked --version "$leptos_version" --root "$leptos_folder"
}

livekit_done() { [ "$("$FOOTLIGHT_LIVEKIT_SERVER" --version)" = "livekit-server version $livekit_version" ]; }
install_livekit() {
  mkdir -p "$livekit_folder"
  GOBIN="$livekit_folder" GOFLAGS=-mod=mod go install "github.com/livekit/livekit-server/cmd/server@v$livekit_version"
}

# For rows with several web servers. The database's server is published as a library: its program is what stands here. The
# lock file and the toolchain are ours, so that it is the same engine.
surreal_version=$(sed -n 's/^surrealdb = { version = "=\([^"]*\)".*/\1/p' Cargo.toml)
surreal_folder="$cache/tools/surreal-$surreal_version"
surreal_done() { "$surreal_folder/bin/surreal" version | grep -q "^$surreal_version "; }
install_surreal() {
  mkdir -p "$surreal_folder/src" "$surreal_folder/bin"
  cp Cargo.lock rust-toolchain.toml "$surreal_folder/"
  cat >"$surreal_folder/Cargo.toml" <<TOML
[package]
name = "surreal"
version = "$surreal_version"
edition = "2024"
[dependencies]
surrealdb-server = { version = "=$surreal_version", default-features = false, features = ["storage-mem"] }
TOML
  cat >"$surreal_folder/src/main.rs" <<RUST
fn main() -> std::process::ExitCode {
    surrealdb_server::init(surrealdb_server::core::CommunityComposer())
}
RUST
  (cd "$surreal_folder" && CARGO_TARGET_DIR="$cache/tools/build" CARGO_PROFILE_DEV_DEBUG=0 cargo build)
  cp "$cache/tools/build/debug/surreal" "$surreal_folder/bin/"
}

npm_stamp() { sha256sum end2end/package-lock.json | cut -d ' ' -f 1; }
npm_done() { [ "$(cat end2end/node_modules/.footlight-lock)" = "$(npm_stamp)" ]; }
install_npm() {
  (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund)
  npm_stamp >end2end/node_modules/.footlight-lock
}

vendor_done() { [ -s public/vendor/livekit-client-2.23.0.mjs ]; }
make_vendor() { node end2end/vendor.mjs; }

[ "$(uname -s)" = Linux ] || stop "Footlight runs on Linux; on this system use a Linux machine or container."
command -v rustup >/dev/null || stop "rustup is missing: install Rust by the instructions at rustup.rs, then run this again."
command -v go >/dev/null || stop "Go is missing: install Go 1.26 or newer (go.dev/doc/install), then run this again."
command -v node >/dev/null && command -v npm >/dev/null ||
  stop "Node.js is missing: install Node.js 20 or newer with npm, then run this again."
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] ||
  stop "Node.js $(node --version) is too old: install Node.js 20 or newer, then run this again."

exec 9>"$cache/setup.lock"
flock -n 9 || { say "Another set-up is running; waiting for it." && flock 9; }

say "Set-up ($purpose)"
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  packages_done || may_install ||
    stop "Debian packages are missing, and this is neither root nor allowed to sudo: have an administrator run apt-get install $(missing_packages)"
  step "Debian packages" packages_done install_packages "check the machine's package sources and its network"
else
  missing=$(programs_there)
  [ -z "$missing" ] || stop "This system has no apt-get: install these programs yourself, then run this again: $missing"
  say "  system programs                              there already"
fi
step "Rust $rust_version with the wasm target" toolchain_done install_toolchain "check the network, then run this again"
step "Node packages" npm_done install_npm "check the network, then run this again"
step "livekit-client for the browser" vendor_done make_vendor "run make vendor by itself and read what it says"
step "wasm-bindgen $bindgen_version (2 min)" bindgen_done install_bindgen "check the network, then run this again"
step "cargo-leptos $leptos_version (6 min)" leptos_done install_leptos "check the network, then run this again"
step "LiveKit server $livekit_version (2 min)" livekit_done install_livekit "check the network and that Go is 1.26 or newer"
if [ "$purpose" = soak ]; then
  step "SurrealDB server $surreal_version (12 min)" surreal_done install_surreal "check the network, then run this again"
fi
