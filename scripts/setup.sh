#!/usr/bin/env bash
# What a bare machine needs before it can build, run or test Footlight, as steps. Each is skipped when it is already done.
# usage: setup.sh [run|demo|test|bench|soak|check|dist]
set -euo pipefail
# shellcheck source=scripts/common.sh
declare -F run_alone >/dev/null || . "$(dirname "${BASH_SOURCE[0]}")/common.sh"

compiler_packages=(build-essential pkg-config)
run_packages=(chromium ffmpeg xvfb xauth pulseaudio pulseaudio-utils openssl
  fonts-noto-core fonts-noto-color-emoji fonts-noto-cjk)
test_packages=(nginx libnginx-mod-rtmp stunnel4 iproute2 socat tesseract-ocr shellcheck systemd
  gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly)
run_programs=(chromium ffmpeg ffprobe Xvfb xauth pulseaudio pactl cc openssl)
test_programs=(nginx stunnel4 ss ip socat tesseract gst-launch-1.0 shellcheck systemd-analyze)
packages=()
programs=()

choose_packages() {
  packages=("${run_packages[@]}")
  programs=("${run_programs[@]}")
  case $1 in
  run) ;;
  check)
    packages=(shellcheck systemd)
    programs=(cc shellcheck systemd-analyze)
    ;;
  dist)
    packages=(binutils dpkg-dev gzip xz-utils python3-venv)
    programs=(cc objcopy dpkg-deb dpkg-shlibdeps gzip xz python3)
    ;;
  *)
    packages+=("${test_packages[@]}")
    programs+=("${test_programs[@]}")
    ;;
  esac
  [ "$1" != soak ] || packages+=(debootstrap systemd-container) programs+=(debootstrap systemd-nspawn)
  [ "$1" != bench ] || packages+=(wrk) programs+=(wrk)
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }
# Waits while another program installs something.
apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }
missing_packages() {
  comm -13 <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p' | sort) <(printf '%s\n' "$@" | sort)
}
missing_programs() {
  local name
  for name in "${programs[@]}"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "$name" >/dev/null || printf '%s ' "$name"
  done
}
may_install() { [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || sudo -v; }; }; }

compiler_done() { command -v cc && command -v pkg-config; }
install_compiler() { apt_get update && apt_get install -y --no-install-recommends "${compiler_packages[@]}"; }
packages_done() { [ -z "$(missing_packages "${packages[@]}")" ]; }
install_packages() {
  local nginx_was_there=yes missing
  mapfile -t missing < <(missing_packages "${packages[@]}")
  dpkg-query -W nginx >/dev/null 2>&1 || nginx_was_there=no
  apt_get update
  apt_get install -y --no-install-recommends "${missing[@]}"
  # The tests start their own nginx; the package's service would take port 80.
  if [ "$nginx_was_there" = no ] && dpkg-query -W nginx >/dev/null 2>&1; then
    as_root systemctl disable --now nginx || as_root service nginx stop || true
  fi
}

toolchain_done() {
  local folder
  folder=$(rustup run "$rust_version" rustc --print sysroot) &&
    [ -x "$folder/bin/cargo-clippy" ] && [ -x "$folder/bin/cargo-fmt" ] && [ -d "$folder/lib/rustlib/wasm32-unknown-unknown/lib" ]
}
install_toolchain() {
  rustup toolchain install "$rust_version" --no-self-update --profile minimal -c clippy -c rustfmt -t wasm32-unknown-unknown
}

# cargo_tool NAME VERSION FOLDER CARGO_OPTION…: installs a tool of cargo's in a folder of its own. As a debug build without debug information,
# which takes a fraction of the time: the tools do little themselves.
cargo_tool() {
  local name=$1 version=$2 folder=$3
  CARGO_TARGET_DIR="$tools/build-$name" CARGO_PROFILE_DEV_DEBUG=0 \
    cargo install "$name" --force --version "$version" --root "$folder" "${@:4}"
  rm -rf "$tools/build-$name"
}
bindgen_done() { [ "$("$bindgen_folder/bin/wasm-bindgen" --version)" = "wasm-bindgen $bindgen_version" ]; }
# This one reads whole programs, so it is optimised a little. Without --locked: the lock file it was published with names a yanked crate.
install_bindgen() {
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo_tool wasm-bindgen-cli "$bindgen_version" "$bindgen_folder"
}
machete_done() { [ "$("$machete_folder/bin/cargo-machete" --version)" = "$machete_version" ]; }
install_machete() { cargo_tool cargo-machete "$machete_version" "$machete_folder" --debug --locked; }
deny_done() { [ "$("$deny_folder/bin/cargo-deny" --version)" = "cargo-deny $deny_version" ]; }
install_deny() { cargo_tool cargo-deny "$deny_version" "$deny_folder" --debug --locked; }

# The folder's name has the version; not all of these tell it.
cargo_deb_done() { [ -x "$cargo_deb_folder/bin/cargo-deb" ]; }
install_cargo_deb() { cargo_tool cargo-deb "$cargo_deb_version" "$cargo_deb_folder" --debug --locked --no-default-features; }
cyclonedx_done() { [ -x "$cyclonedx_folder/bin/cargo-cyclonedx" ]; }
install_cyclonedx() { cargo_tool cargo-cyclonedx "$cyclonedx_version" "$cyclonedx_folder" --debug --locked; }
auditable_done() { [ -x "$auditable_folder/bin/cargo-auditable" ]; }
install_auditable() { cargo_tool cargo-auditable "$auditable_version" "$auditable_folder" --debug --locked; }

livekit_done() { [ "$("$FOOTLIGHT_LIVEKIT_SERVER" --version)" = "livekit-server version $livekit_version" ]; }
# Without cgo it needs no C compiler.
install_livekit() {
  mkdir -p "$livekit_folder"
  CGO_ENABLED=0 GOBIN="$livekit_folder" GOFLAGS=-mod=mod go install "github.com/livekit/livekit-server/cmd/server@v$livekit_version"
}

# For tests with several web servers. The database's server is published as a library, so its program is written here. Lock file
# and toolchain are ours, so that the engine is the same.
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
  (cd "$surreal_folder" && CARGO_TARGET_DIR="$tools/build-surreal" CARGO_PROFILE_DEV_DEBUG=0 cargo build)
  cp "$tools/build-surreal/debug/surreal" "$surreal_folder/bin/"
  rm -rf "$tools/build-surreal"
}

npm_stamp() { sha256sum end2end/package-lock.json | cut -d ' ' -f 1; }
npm_done() { [ "$(cat "$modules/.footlight-lock")" = "$(npm_stamp)" ]; }
install_npm() {
  (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund)
  npm_stamp >"$modules/.footlight-lock"
}
vendor_done() { [ -s "public/vendor/livekit-client-$client_version.mjs" ]; }
make_vendor() { node end2end/vendor.mjs; }

look_around() {
  [ "$(uname -s)" = Linux ] || stop "Footlight runs on Linux; on this system use a Linux machine or container."
  command -v rustup >/dev/null || stop "rustup is missing: install Rust by the instructions at rustup.rs, then run this again."
  command -v go >/dev/null || stop "Go is missing: install Go 1.26 or newer (go.dev/doc/install), then run this again."
  { command -v node && command -v npm; } >/dev/null ||
    stop "Node.js is missing: install Node.js 20 or newer with npm, then run this again."
  [ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] ||
    stop "Node.js $(node --version) is too old: install Node.js 20 or newer, then run this again."
}

declare_packages() {
  local missing
  if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    { compiler_done >/dev/null && packages_done; } || may_install ||
      stop "Debian packages are missing, and this is neither root nor allowed to sudo: have an administrator run apt-get install" \
        "$(missing_packages "${compiler_packages[@]}" "${packages[@]}" | tr '\n' ' ')"
    step compiler "C compiler" "" compiler_done install_compiler "check the machine's package sources and its network"
    step packages "Debian packages" compiler packages_done install_packages "check the machine's package sources and its network"
  else
    missing=$(missing_programs)
    [ -z "$missing" ] || stop "This system has no apt-get: install these programs yourself, then run this again: $missing"
    step packages "system programs" "" true false ""
  fi
}

# setup_steps PURPOSE: declares what it needs.
setup_steps() {
  local network="check the network, then run this again"
  look_around
  choose_packages "$1"
  declare_packages
  step toolchain "Rust $rust_version with the wasm target" "" toolchain_done install_toolchain "$network"
  step npm "Node packages" "" npm_done install_npm "$network"
  if [ "$1" != check ]; then
    step vendor "livekit-client for the browser" npm vendor_done make_vendor "run make vendor by itself and read what it says"
    step bindgen "wasm-bindgen $bindgen_version" "toolchain compiler" bindgen_done install_bindgen "$network"
    step livekit "LiveKit server $livekit_version" "" livekit_done install_livekit "check the network and that Go is 1.26 or newer"
  fi
  case $1 in
  test | check)
    step machete "cargo-machete $machete_version" "toolchain compiler" machete_done install_machete "$network"
    step deny "cargo-deny $deny_version" "toolchain compiler" deny_done install_deny "$network"
    ;;
  soak) step surreal "SurrealDB server $surreal_version" "toolchain compiler" surreal_done install_surreal "$network" ;;
  bench) step auditable "cargo-auditable $auditable_version" "toolchain compiler" auditable_done install_auditable "$network" ;;
  dist)
    step auditable "cargo-auditable $auditable_version" "toolchain compiler" auditable_done install_auditable "$network"
    step cargo-deb "cargo-deb $cargo_deb_version" "toolchain compiler" cargo_deb_done install_cargo_deb "$network"
    step cyclonedx "cargo-cyclonedx $cyclonedx_version" "toolchain compiler" cyclonedx_done install_cyclonedx "$network"
    ;;
  esac
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  say "Set-up (${1:-run})"
  setup_steps "${1:-run}"
  run_alone
fi
