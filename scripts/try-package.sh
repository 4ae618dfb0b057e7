#!/usr/bin/env bash
# Installs the .deb into a bare Debian, starts the studio from there as an unprivileged user, and plays `make demo`'s show through it.
# Prints how long it takes from the start of the installation to the first show; more than three minutes is a failure. Then boots that
# Debian, and restarts each of the package's services while a show runs (try-units.sh). Needs root.
# usage: try-package.sh [PACKAGE.deb]; without one it makes it of what `make run` builds
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

deb=${1:-}
[ "$(id -u)" -eq 0 ] || stop "Only root can make a bare Debian and mount folders in it: run this as root."
if [ -z "$deb" ]; then
  FOOTLIGHT_DIST_PROFILE=run scripts/dist.sh
  deb=$(echo "$root"/target/packages/footlight_*.deb)
fi
[ -f "$deb" ] || stop "$deb is missing."

work=$(mktemp -d "$cache/try-package-XXXXXX")
bare="$work/debian"
trap 'rm -rf --one-file-system "$work"' EXIT

# A Debian of this machine's release, from where this machine has its own packages, and with its settings for reaching that.
make_bare() {
  local codename mirror name
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  # shellcheck disable=SC2016 # The words are apt's.
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v name="$codename" '$2 == name && !found { found = $1 } END { print found }')
  [ -n "$mirror" ] || stop "apt-get knows no packages of this Debian ($codename): run apt-get update."
  # A server has systemd, and what it needs.
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus "$codename" "$bare" "$mirror" >"$logs/debootstrap.log" ||
    stop "debootstrap failed: see $logs/debootstrap.log"
  rm -rf "$bare"/etc/apt/sources.list{,.d}
  for name in sources.list sources.list.d apt.conf.d auth.conf.d trusted.gpg.d keyrings; do
    [ ! -e "/etc/apt/$name" ] || cp -rT "/etc/apt/$name" "$bare/etc/apt/$name"
  done
  cp -rT /usr/share/keyrings "$bare/usr/share/keyrings"
  cp /etc/resolv.conf /etc/hosts "$bare/etc/"
  mkdir -p "$bare/etc/ssl"
  cp -rLT /etc/ssl/certs "$bare/etc/ssl/certs"
  chroot "$bare" apt-get -q update >>"$logs/debootstrap.log"
}

install_package() {
  cp "$deb" "$bare/tmp/footlight.deb"
  chroot "$bare" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends /tmp/footlight.deb >"$logs/install.log" ||
    stop "The package cannot be installed: see $logs/install.log"
  rm "$bare/tmp/footlight.deb"
}

# The program that the test starts: it goes into the bare Debian, and becomes the installed one there.
# With a root of its own rather than by chroot, in which the kernel allows no user namespaces: the browser's sandbox is made of them.
write_program() {
  chroot "$bare" useradd --create-home streamer
  cat >"$work/program" <<PROGRAM
#!/usr/bin/env bash
set -euo pipefail
bare=$bare
PROGRAM
  cat >>"$work/program" <<'PROGRAM'
mkdir -p "$bare$FOOTLIGHT_DATA" "$bare/outside"
chown "$(stat -c %u:%g "$bare/home/streamer")" "$FOOTLIGHT_DATA"
export bare
# What is installed is used, not what was built.
unset FOOTLIGHT_SITE FOOTLIGHT_LIVEKIT_SERVER XDG_CACHE_HOME XDG_DATA_HOME XDG_RUNTIME_DIR TMPDIR
exec unshare --mount --propagation private sh -euc '
  mount --bind "$bare" "$bare"
  mount --bind "$FOOTLIGHT_DATA" "$bare$FOOTLIGHT_DATA"
  mount -t proc proc "$bare/proc"
  mount --rbind /dev "$bare/dev"
  cd "$bare"
  pivot_root . outside
  umount -l /outside
  cd /
  export HOME=/home/streamer USER=streamer LOGNAME=streamer PATH=/usr/bin:/bin
  exec setpriv --reuid streamer --regid streamer --init-groups --no-new-privs --inh-caps=-all /usr/bin/footlight "$@"
' sh "$@"
PROGRAM
  chmod +x "$work/program"
}

say "" "== the package in a bare Debian"
make_bare
say "a bare Debian after $SECONDS s"
began=$EPOCHREALTIME
install_package
installed=$((${EPOCHREALTIME%[.,]*} - ${began%[.,]*}))
say "installed in $installed s: $(chroot "$bare" /usr/bin/footlight --version), $(du -sm "$bare" | cut -f 1) MB with all it needs"
for file in usr/share/man/man1/footlight.1.gz usr/share/bash-completion/completions/footlight etc/footlight/footlight.env \
  usr/share/doc/footlight/LIVEKIT-LICENCES usr/lib/systemd/system/footlight.target; do
  [ -s "$bare/$file" ] || stop "/$file is not in the package."
done
write_program
(
  cd end2end
  FOOTLIGHT_PROGRAM="$work/program" FOOTLIGHT_TEST_BEGAN="${began/[.,]/.}" FORCE_COLOR=0 npx playwright test --project=demo --reporter=line
)
scripts/try-units.sh "$bare"
