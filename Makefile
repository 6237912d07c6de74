# Directus Artifacts: `make` lists what there is. Needs Python 3.11 or newer, make and a C++ compiler.

PYTHON ?= python3
ARTIFACTS := .venv/bin/artifacts
BOOTSTRAP := command -v $(PYTHON) >/dev/null || { echo 'Python 3.11 or newer is needed, and $(PYTHON) was not found.'; exit 1; }; \
	$(PYTHON) -I sidecar/stack/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: help up down logs reset test check bench test-environment installed

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  make up HOST=0.0.0.0 PUBLIC_URL=http://my-host:8055    for callers on other machines'
	@echo '  make up ARTIFACTS_POSTGRES_URL=postgresql://…          your own PostgreSQL 15 or newer'

up: ## Install what is missing, start everything, play the demo, print addresses and log-ins
	@$(BOOTSTRAP)
	@$(ARTIFACTS) up

down: ## Stop what runs; data and ports are kept
	@test ! -x $(ARTIFACTS) || $(ARTIFACTS) down

logs: ## Follow the logs of all parts (one part: make logs PART=directus)
	@$(ARTIFACTS) logs --follow $(PART)

reset: ## Stop what runs and remove its data; downloads stay
	@test ! -x $(ARTIFACTS) || $(ARTIFACTS) reset

test: installed ## All tests: real PostgreSQL, Directus and browser (some: make test ARGS='-k promote')
	@.venv/bin/python -m sidecar.stack.develop check-extension
	@.venv/bin/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: installed ## Format, lint, types and the fast tests
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/basedpyright
	.venv/bin/python -m sidecar.stack.develop check-extension
	.venv/bin/python -m pytest -n 2 --dist loadgroup -m 'not slow' $(ARGS)

bench: test-environment ## Measure on this machine, in ratios; writes docs/performance.md (some: make bench ARGS=promote)
	@.venv/bin/python -m bench $(ARGS)

test-environment:
	@$(BOOTSTRAP) --tests

# Directus and the built extension, which the tests start as often as they like.
installed: test-environment
	@.venv/bin/python -m sidecar.stack.develop install
