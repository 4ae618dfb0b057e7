#!/usr/bin/env bash
# make run: sets up, builds and starts the whole studio in the foreground; Ctrl-C ends it.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
started=$SECONDS
"$root/.config/setup.sh" run
"$root/.config/build.sh"
if [ -f "$root/.env" ]; then
  set -a
  # shellcheck disable=SC1091
  . "$root/.env"
  set +a
fi
say "Ready to start after $((SECONDS - started)) s"
FOOTLIGHT_SITE="${FOOTLIGHT_SITE:-$site}" exec "$program" up
