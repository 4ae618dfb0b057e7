# Thin: each goal calls one script or one line.
.PHONY: help run demo test test-platforms check bench soak dist vendor setup

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

# HOST counts only where it was written down: shells export the machine's name under it.
run: ## set up, build and start the studio; HOST=192.168.1.20 opens it to a home network; Ctrl-C ends it
	@scripts/run.sh $(if $(filter command,$(origin HOST)),"$(HOST)")

demo: ## a whole show with nobody at the keyboard, into a local RTMP server
	@scripts/demo.sh

test: ## set up, check, and run every test
	@scripts/test.sh

test-platforms: ## a minute on each real platform whose key the environment holds
	@scripts/platforms.sh

check: ## formats, lints, docs, scripts, licences and unused dependencies
	@scripts/check.sh

bench: ## measure: speeds, costs, capacity; prints figures, judges nothing
	@scripts/measure.sh bench

soak: ## long fault rows and long measurements
	@scripts/measure.sh soak

dist: ## a .deb, an archive for other Linuxes, and a list of what is in them, into target/packages
	@scripts/dist.sh

setup: ## only the set-up
	@scripts/setup.sh test

vendor: ## build public/vendor from the pinned livekit-client
	@node end2end/vendor.mjs
