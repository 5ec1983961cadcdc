# The short way to everything: `make` lists the targets. Needs Python 3.11 or newer; all else is fetched.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
PACKAGES := providers xai_resources stacks xtel sandbox signaling templates
# The first of these that is new enough makes the virtual environment: `make setup PYTHONS=/path/to/python3.12`.
PYTHONS := python3.13 python3.12 python3.11 python3
PIP := $(PYTHON) -m pip --quiet --disable-pip-version-check install

.PHONY: help
help: ## this list
	@echo "usage: make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-9s %s\n' "$$name" "$$text"; done

# --- set-up: a stamp per step, so that a second run has nothing to do ---

# A step is done again when its result is not there any more: an environment that was moved or whose Python is gone
# (its scripts hold absolute paths), a link to an engine that was removed.
ifneq ($(shell [ "$$(cat $(VENV)/.made 2>/dev/null)" = "$(CURDIR)" ] && $(PYTHON) -c '' 2>/dev/null && echo ok),ok)
.PHONY: $(VENV)/.made
endif
ifneq ($(shell [ -x $(BIN)/pulumi ] && echo ok),ok)
.PHONY: $(VENV)/.engine
endif

.PHONY: setup
setup: $(VENV)/.project $(VENV)/.engine ## .venv with everything, pulumi in .venv/bin
	@[ "$(MAKECMDGOALS)" != setup ] || echo "setup: ready; next: make demo, or . $(BIN)/activate"

$(VENV)/.made:
	@for python in $(PYTHONS); do \
	  "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "setup: $(VENV) with $$("$$python" --version)"; \
	  clear=; if [ -e $@ ] || ! $(PYTHON) -c '' 2>/dev/null; then clear=--clear; fi; \
	  "$$python" -m venv $$clear $(VENV) && echo "$(CURDIR)" >$@ && exit 0; \
	  exit 1; \
	done; \
	echo "error: no Python 3.11 or newer with venv was found (tried: $(PYTHONS)); next: install python3.12 (Debian and Ubuntu: also python3-venv), or make setup PYTHONS=/path/to/python" >&2; \
	exit 1

$(VENV)/.packages: $(VENV)/.made requirements.lock
	@echo "setup: $$(grep -c '==' requirements.lock) packages from requirements.lock (a minute or so)"
	@$(PIP) --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.project: $(VENV)/.packages pyproject.toml
	@echo "setup: this project, as it stands"
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(PYTHON) -m compileall -q $(PACKAGES)
	@touch $@

$(VENV)/.engine: $(VENV)/.made $(wildcard tools/engine/*.py tools/engine/*/go.*)
	@echo "setup: the Pulumi engine (built here where it cannot be downloaded: some minutes, once)"
	@$(PYTHON) tools/engine/install.py --link $(BIN)
	@touch $@

# --- use ---

.PHONY: demo
demo: setup ## sets everything up and applies the sandbox stack to a phone network on this machine, and calls each number
	@$(BIN)/xtel sandbox up && eval "$$($(BIN)/xtel sandbox env)" && pulumi up -y -s sandbox && xtel routes sandbox && echo && \
	  before=$$SECONDS && xtel call sandbox --all && \
	  echo "this took $$SECONDS s, $$((SECONDS - before)) of them for the calls"
	@echo
	@echo 'look around: . $(BIN)/activate && eval "$$(xtel sandbox env)" && pulumi stack -s sandbox'
	@echo 'stop it:     $(BIN)/xtel sandbox down'

# worksteal: the tests of the engine stand together, and would else all fall to one of the two processes.
.PHONY: test
test: setup ## every test but those of judges
	@$(BIN)/pytest -n 2 --dist worksteal --ignore tests/judges --ignore tests/bundles tests

.PHONY: judges
judges: setup ## calls with sipp, Kamailio, PJSUA2 and openssl, where they are installed; 200 at 20 a second
	@$(BIN)/pytest -n 0 tests/judges

.PHONY: bundles
bundles: setup ## bundles run by the programs they are for, where they are installed: Asterisk (root; XTEL_TEST_ASTERISK: its root folder)
	@$(BIN)/pytest -n 0 tests/bundles

.PHONY: faults
faults: setup ## every operation against every fault, and the table of it
	@$(BIN)/pytest -n 2 --dist worksteal tests/faults --whole-table

.PHONY: bench
bench: setup ## 100 numbers against plain providers and a script, as ratios of one run
	@$(PYTHON) -m tests.bench

.PHONY: crash
crash: setup ## 20 runs killed at a random moment, and 20 whose vendors lie as well: each recovered, and as if nothing was
	@$(PYTHON) -m tests.crash
	@$(PYTHON) -m tests.crash --lies

.PHONY: lint
lint: setup ## ruff, pyright, import-linter
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-logo

.PHONY: workflows
workflows: setup ## actionlint on the pipelines that xtel new --ci writes (built by Go, once)
	@$(PYTHON) tools/workflows.py

.PHONY: lock
lock: ## writes requirements.lock anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "error: no uv on PATH; next: install uv, then make lock" >&2; exit 1; }
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --extra calls --extra dev pyproject.toml -o requirements.lock

# The engine's cache is outside the project and shared with other checkouts: it stays.
.PHONY: clean
clean: ## stops the sandbox, removes only what the project made
	@if $(PYTHON) -c 'import xtel.cli' 2>/dev/null; then $(PYTHON) -m xtel.cli sandbox down; fi
	@rm -rf $(VENV) .sandbox .pytest_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache build dist
	@find $(PACKAGES) tests tools -name __pycache__ -prune -exec rm -rf {} +
	@rm -rf __pycache__ ./*.egg-info
