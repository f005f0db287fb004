# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test check bench install clean

# The base install is enough for tables and text; torch comes last, for images and networks.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Medalist needs Python 3.11 or later; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Medalist into $(VENV) ..."
	$(PIP) install -c constraints.txt -e .
	@echo "Installing PyTorch, for images and networks ..."
	$(PIP) install -c constraints.txt -e '.[torch,numba]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the test tools ..."
	$(PIP) install -c constraints.txt -e '.[dev,xgboost]'
	@touch $@

install: $(VENV)/.installed

demo: $(VENV)/.installed
	$(BIN)/medalist demo

# What is tested by its answers alone does not mind company, and runs side by side; the rest has the machine to itself.
SPEEDUP_TESTS := tests/families/speedup
SIDE_BY_SIDE := $(addprefix $(SPEEDUP_TESTS)/,arrays numeric plain training) $(wildcard $(SPEEDUP_TESTS)/test_recording_*.py) \
	$(addprefix tests/,contracts core engineers families/arc families/compete hints llm search session source tools training workspace)

test: $(VENV)/.installed-dev
	@status=0; \
	$(BIN)/python -m pytest -n 2 $(SIDE_BY_SIDE) || status=1; \
	$(BIN)/python -m pytest $(addprefix --ignore=,$(SIDE_BY_SIDE)) || status=1; \
	exit $$status

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest tests/architecture

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist
