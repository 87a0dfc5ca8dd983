# `make dev` starts the whole platform; `make test` proves it. `make help` lists the rest.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

BIN := .venv/bin
UV := sh tools/uv.sh
LOCKED := pyproject.toml uv.lock
RUNNABLE := .venv/.synced
TESTABLE := .venv/.synced-dev

# Half of a test's time is waiting: two run side by side, a file each, with services of their own, the longest files
# first (tests/chaos). `SIDE_BY_SIDE=` runs them one by one.
SIDE_BY_SIDE ?= --numprocesses=2 --dist=loadfile --no-loadscope-reorder

# What follows `make test ARGS="-k retry -x"` goes to the program behind the target.
ARGS ?=

# Hard links fail across file systems; a copy always works.
UV_LINK_MODE ?= copy
UV_PROJECT_ENVIRONMENT := .venv
export UV_LINK_MODE UV_PROJECT_ENVIRONMENT
unexport VIRTUAL_ENV

# Without compiled modules every start of a process parses 1 600 of them: 8 seconds instead of 3.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(TESTABLE) ## Install the locked environment, with everything that tests and checks need, in .venv/

.PHONY: dev
dev: $(RUNNABLE) ## Start the whole platform on http://localhost:8000, with nothing else installed
	@exec $(BIN)/ai-platform dev $(ARGS)

.PHONY: test
test: setup ## Run all tests on real PostgreSQL, RabbitMQ and Redis, which it finds or installs
	$(BIN)/pytest $(SIDE_BY_SIDE) --durations=15 $(ARGS)

.PHONY: test-fast
test-fast: setup ## Run the tests that need no service (under 30 seconds)
	$(BIN)/pytest tests/unit --numprocesses=2 --dist=worksteal $(ARGS)

.PHONY: e2e
e2e: setup ## Run the end-to-end tests: whole processes over HTTP
	$(BIN)/pytest tests/e2e $(ARGS)

.PHONY: chaos
chaos: setup ## Run the crash tests: kill -9 of workers, gateway and broker
	$(BIN)/pytest tests/chaos $(ARGS)

# As many orders as you like; the time it may take grows with them.
ORDERS ?= 3000

.PHONY: year
year: setup ## Live a year of three shops with 3000 orders (ORDERS=…), crashes included, against a ledger of its own
	SHOP_LIFE_ORDERS=$(ORDERS) $(BIN)/pytest tests/chaos/test_a_year_of_shop_life.py --capture=no $(ARGS)

.PHONY: check
check: setup ## Check format, lint, types, import laws, links, generated pages and the lock file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python tools/check_links.py
	$(BIN)/python tools/generate_docs.py --check
	$(UV) lock --check

.PHONY: bench
bench: setup ## Measure against a plain handler and a plain consumer, in one run
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: services
services: setup ## Start private PostgreSQL, RabbitMQ and Redis for development, and print their URLs
	@exec $(BIN)/python -m tests.services $(ARGS)

.PHONY: docs
docs: setup ## Write the generated pages of docs/reference anew
	$(BIN)/python tools/generate_docs.py

.PHONY: clean
clean: ## Remove the environment, caches and build results; data in .data/ stays
	rm -rf .venv .uv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(TESTABLE): $(LOCKED)
	$(UV) sync --frozen --extra dev
	@touch $(RUNNABLE) $@

# Only what running needs; what an existing environment has beyond that stays.
$(RUNNABLE): $(LOCKED)
	$(UV) sync --frozen --inexact
	@touch $@
