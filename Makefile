# Thin: each goal calls one script or one line.
.PHONY: help run demo test test-platforms check bench soak vendor setup

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

run: ## set up, build and start the studio; Ctrl-C ends it
	@.config/run.sh

demo: ## a whole show with nobody at the keyboard, into a local RTMP server
	@.config/demo.sh

test: ## set up, check, and run every test
	@.config/test.sh

test-platforms: ## a minute on each real platform whose key the environment holds
	@.config/platforms.sh

check: ## format, clippy on both targets, docs, TypeScript
	@.config/check.sh

bench: ## measure: speeds, costs, capacity; prints figures, judges nothing
	@.config/measure.sh bench

soak: ## long fault rows and long measurements
	@.config/measure.sh soak

setup: ## only the set-up
	@.config/setup.sh test

vendor: ## build public/vendor from the pinned livekit-client
	@node end2end/vendor.mjs
