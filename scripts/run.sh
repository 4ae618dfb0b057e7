#!/usr/bin/env bash
# make run: sets up, builds and starts the whole studio in the foreground; Ctrl-C ends it.
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
say "Ready to start after $SECONDS s"
# The quick checks, as soon as it is up. In a subshell that ends at once, so that they are no child of the supervisor.
("$program" doctor --quick --wait 120 &)
FOOTLIGHT_SITE="${FOOTLIGHT_SITE:-$site}" exec "$program" up
