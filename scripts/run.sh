#!/usr/bin/env bash
# make run: sets up, builds and starts the whole studio in the foreground; Ctrl-C ends it.
# usage: run.sh [HOST]   HOST: a name or an address under which other devices in the network find this machine
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
. scripts/setup.sh
. scripts/build.sh
say "Set-up and build (what is there already is not done again)"
build_steps server site
setup_steps run
run_alone
if [ -f "$root/.env" ]; then
  set -a
  # shellcheck disable=SC1091
  . "$root/.env"
  set +a
fi
if [ -n "${1:-}" ]; then
  case $1 in
  *[!A-Za-z0-9.:-]*) stop "HOST=$1 is neither a name nor an IP address, such as studio.lan or 192.168.1.20." ;;
  *:*) PUBLIC_APP_URL="https://[$1]" ;;
  *) PUBLIC_APP_URL="https://$1" ;;
  esac
  # Below this port a program needs a privilege.
  if [ "$(id -u)" != 0 ] && [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)" -gt 80 ]; then
    PUBLIC_APP_URL="$PUBLIC_APP_URL:8443"
  fi
  export PUBLIC_APP_URL
fi
say "Ready to start after $SECONDS s"
# The quick checks, as soon as it is up. In a subshell that ends at once, so that they are no child of the supervisor.
("$program" doctor --quick --wait 120 &)
FOOTLIGHT_SITE="${FOOTLIGHT_SITE:-$site}" exec "$program" up
