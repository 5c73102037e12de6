# What people and CI do with this repository. `make` alone lists it.

CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help run test check lint deny watch deploy image bench advisories docs tools clean-tools

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## NATS and Tidings on this machine, with config/quickstart.toml
	@scripts/run.sh

test: ## all tests; fetches what they need into .tools/ first
	@scripts/tools.sh python debian
	$(CARGO) test --locked

check: lint deny watch test deploy ## what CI runs, but for `make image`

lint: ## formatting, clippy with every warning an error, and pictures that are current
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	python3 -B scripts/story.py --check

deny: ## licences, sources and banned crates
	@scripts/tools.sh deny
	.tools/bin/cargo-deny --locked check bans licenses sources

watch: ## rules, dashboards, metrics and runbooks fit together, and each check of that can fail
	@scripts/tools.sh python debian
	.tools/venv/bin/python -B scripts/check-watch.py
	.tools/venv/bin/python -B scripts/check-watch.py --self-test

deploy: ## what lies in deploy/ is valid, complete and agrees with itself; needs kubectl
	@scripts/tools.sh deploy
	$(CARGO) build --locked --quiet
	.tools/deploy-venv/bin/python -B scripts/check-deploy.py --tidings target/debug/tidings --self-test

image: ## packs the binary into the image without an engine, and sees it serve; needs root
	$(CARGO) build --locked --quiet
	deploy/container/check.sh target/debug/tidings

bench: ## figures, compared with Alertmanager; writes a report
	@scripts/bench.sh

advisories: ## known vulnerabilities of what we depend on; needs the network
	@scripts/tools.sh deny
	.tools/bin/cargo-deny --locked check advisories

docs: ## writes the generated pages again
	UPDATE_EXPECT=1 $(CARGO) test --locked --quiet -- generated
	python3 -B scripts/dashboard.py
	python3 -B scripts/story.py

tools: ## what tests, checks and run need, into .tools/
	@scripts/tools.sh

clean-tools: ## removes .tools/
	rm -rf .tools
