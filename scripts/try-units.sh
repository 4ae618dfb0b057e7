#!/usr/bin/env bash
# Boots a Debian folder in which the package is installed, as a container on this machine's network, and tries its services: each says
# that it is ready, a show is captured and recorded, it stays live while each of them restarts, and no request is refused meanwhile.
# usage: try-units.sh FOLDER (by try-package.sh); needs root
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
folder=$1
base=$((20000 + RANDOM % 9000))
url="http://127.0.0.1:$base"

printf '\nFOOTLIGHT_PORT_BASE=%s\nFOOTLIGHT_VIDEO=640x360@15/800\n' "$base" >>"$folder/etc/footlight/footlight.env"
systemd-nspawn --quiet --register=no --keep-unit --directory "$folder" --boot >"$logs/units.log" 2>&1 &
container=$!
trap 'kill -TERM "$container" 2>/dev/null || true; wait "$container" || true' EXIT

# until_true SECONDS WHAT COMMAND…
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  until "${@:3}" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      say "--- the container" >&2
      tail -n 40 "$logs/units.log" >&2
      inside journalctl --quiet --no-pager --lines 60 >&2 || true
      stop "$what: not within $1 s"
    fi
    sleep 0.2
  done
}
find_leader() { leader=$(pgrep -P "$container" -x systemd); }
inside() { nsenter --target "$leader" --mount --uts --ipc --pid -- "$@"; }
is_active() { [ "$(inside systemctl is-active "footlight-$1.service")" = active ]; }
# A call of the API; the key is in no argument.
call() { curl -sS --max-time 15 --config <(printf 'header = "Authorization: Bearer %s"\n' "$key") "$@"; }
is_live() { call "$url/api/streaming/sessions?limit=1" | grep -q '"status":"live"'; }

until_true 60 "a container boots" find_leader
for role in livekit relay egress serve; do until_true 90 "footlight-$role is ready" is_active "$role"; done
say "services ready after $SECONDS s: $(inside systemctl show --value --property Type footlight-serve.service), on $url"
inside footlightctl admin create-user ada >/dev/null
key=$(inside footlightctl admin create-key ada)
show=$(call -X POST "$url/api/streaming/start" -H 'Content-Type: application/json' \
  -d '{"streamType":"agent","platform":"rehearsal","streamTitle":"Units"}' | sed -n 's/.*"sessionId":"\([^"]*\)".*/\1/p')
[ -n "$show" ] || stop "the show was not started: see $logs/units.log"
until_true 40 "the show is live" is_live

# Asks all the time while a service restarts, and prints how often it was not answered.
asking() {
  local refused=0
  while [ -e "$1" ]; do
    curl -s --max-time 15 -o /dev/null "$url/healthz" || refused=$((refused + 1))
    sleep 0.02
  done
  printf '%s' "$refused" >"$1.refused"
}
for role in serve relay egress livekit; do
  flag=$(mktemp)
  asking "$flag" &
  asker=$!
  inside systemctl restart "footlight-$role.service"
  until_true 90 "footlight-$role is ready again" is_active "$role"
  rm "$flag"
  wait "$asker"
  refused=$(cat "$flag.refused")
  rm "$flag.refused"
  until_true 30 "the show is live after a restart of footlight-$role" is_live
  say "restarted footlight-$role: the show is live, $refused requests were refused"
  [ "$refused" -eq 0 ] || stop "the listening socket was closed: systemd did not keep it"
done
inside footlightctl admin stop "$show" >/dev/null
for role in livekit relay egress serve; do
  again=$(inside systemctl show --value --property NRestarts "footlight-$role.service")
  [ "$again" -eq 0 ] || stop "footlight-$role ended by itself $again times: journalctl says why in $logs/units.log"
done
sleep 2
ffprobe -v error -allowed_extensions ALL -show_entries stream=codec_name,width,height -of compact \
  "$folder/var/lib/footlight/relay/recordings/$show/index.m3u8"
inside systemctl poweroff || true
wait "$container" || true
trap - EXIT
say "the services stopped after $SECONDS s"
