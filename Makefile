# Needs Python 3.11 to 3.13 and nothing else; everything that it installs lies in this folder.
# Paths are relative, so that the folder may lie anywhere, with spaces in its name or not.

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/.venv/bin:$(PATH)

DEMO_ARGS ?=
UP_ARGS ?=
PYTEST_ARGS ?=
TEST_PROCESSES ?= 2
UPGRADE ?=
FUZZ_SECONDS ?= 1800
BENCH_ARGS ?=

RUN := .venv/bin/python -m
BROWSER := tests/browser/node_modules/.package-lock.json
CLIENT := clients/ts/node_modules/.package-lock.json
PY = py=$$(tools/find-python) || exit 1; "$$py"

.PHONY: help setup demo up test lint format types imports contracts contracts-test gas-snapshot client-test pytest unit integration e2e openapi queries fuzz-api \
	bench bench-compare lock clean pristine

help: ## list the commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20

setup: ## install what is missing and build the contracts; does nothing the second time
	@$(PY) -m tools.bootstrap

demo: setup ## trade: swappers, solvers, chain and venue from nothing (DEMO_ARGS="--once --json --intents 20")
	@$(RUN) cli.main demo $(DEMO_ARGS)

up: setup ## run the venue until Ctrl-C (UP_ARGS)
	@$(RUN) cli.main up $(UP_ARGS)

test: setup lint types imports contracts-test client-test pytest ## everything that CI runs; stops at the first failure

lint: setup $(CLIENT) ## style and mistakes (ruff, biome)
	@$(RUN) ruff check . && $(RUN) ruff format --check .
	@cd clients/ts && npm run --silent lint

format: setup $(CLIENT) ## put the style right
	@$(RUN) ruff check --fix-only . && $(RUN) ruff format .
	@cd clients/ts && npm run --silent format

types: setup $(CLIENT) ## strict types (mypy, tsc)
	@$(RUN) mypy
	@cd clients/ts && npm run --silent types

imports: setup ## a lower floor never imports a higher one (import-linter)
	@.venv/bin/lint-imports

contracts: setup ## build the contracts
	@cd contracts && npm run build

contracts-test: setup ## test the contracts (forge)
	@cd contracts && npm run --silent lint && npm test

gas-snapshot: setup ## write what fills cost, contracts/snapshots, anew
	@cd contracts && npm run --silent gas

client-test: setup $(CLIENT) ## test the TypeScript client (node)
	@cd clients/ts && npm test --silent

$(CLIENT): clients/ts/package.json clients/ts/package-lock.json clients/ts/.npmrc
	@echo "Installing the packages of the TypeScript client (downloads up to 50 MB)."
	@cd clients/ts && npm ci && touch node_modules/.package-lock.json

$(BROWSER): tests/browser/package-lock.json
	@echo "Installing the browser that tests our pages (downloads up to 80 MB)."
	@cd tests/browser && npm ci && touch node_modules/.package-lock.json

pytest: setup $(BROWSER) $(CLIENT) ## all Python tests, the longest first, in TEST_PROCESSES at once (2)
	@$(RUN) pytest --exitfirst -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS) tests/e2e tests/integration tests/unit

unit integration e2e: setup $(BROWSER) $(CLIENT) ## one kind of tests (PYTEST_ARGS="-k …")
	@$(RUN) pytest $(PYTEST_ARGS) tests/$@

openapi: setup $(CLIENT) ## write the API's document, docs/openapi.json, and the TypeScript client's types anew
	@$(RUN) tools.openapi
	@cd clients/ts && npm run --silent generate

queries: setup ## write docs/queries.md anew: how each hot query is run where a million intents are stored
	@$(RUN) bench.hot_queries

fuzz-api: setup ## send the API whatever its document allows, and forbids, for half an hour (FUZZ_SECONDS)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(RUN) pytest tests/integration/openapi/test_schemathesis.py

bench: setup ## measure the venue, each figure beside its floor (BENCH_ARGS="--only stream --rounds 5 --small --list")
	@$(RUN) bench $(BENCH_ARGS)

bench-compare: setup ## say which rows of the bench are worse than in the last commit
	@$(RUN) bench --compare

lock: setup ## write the Python locks anew (UPGRADE="flask", UPGRADE=all)
	@$(RUN) tools.lock $(UPGRADE)

clean: ## remove the data folder, builds and caches
	@$(PY) -m tools.clean

pristine: ## remove all that was installed too
	@$(PY) -m tools.clean --all
