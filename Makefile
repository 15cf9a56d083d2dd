# Every target builds what it needs: .venv is made on the first use and renewed when pyproject.toml or constraints.txt
# change. Another interpreter: make test PYTHON=python3.12. Another place: make test VENV=/somewhere/else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# Reached by pip's isolated builds too, unlike --constraint.
export PIP_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# No test may wait for a hub.
export HF_HUB_OFFLINE := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test slow peers doctest docs lint types format wheel clean core-venv test-venv dev-venv

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: $(VENV)/.core ## install the core, train on the embedded digits, write a report
	$(BIN)/latentia fit digits --threads 1

# On the tests' small tensors a second thread costs more than it gives, above all where the cores are busy.
test slow peers doctest docs: export OMP_NUM_THREADS := 1

test: $(VENV)/.test ## the tests, without the slow ones
	$(BIN)/python -m pytest

slow: $(VENV)/.test ## the slow tests alone
	$(BIN)/python -m pytest -m slow

# pythae asks for `dataclasses`, a copy of what Python has had since 3.7, and pip's --target would bring a second torch:
# so it stands apart, and what it needs beyond the environment is named here.
PEERS := $(CURDIR)/build/peers
PYTHAE := pythae pydantic pydantic-core annotated-types typing-inspection

peers: $(PEERS)/.done ## the comparisons with Pyro and pythae on equal weights
	LATENTIA_PYTHAE=$(PEERS) $(BIN)/python -m pytest tests/peers

doctest: $(VENV)/.test ## the examples in the docstrings
	$(BIN)/python -m pytest --doctest-modules src/latentia

docs: $(VENV)/.dev ## build/docs: every page is executed, a warning is an error, no page asks another host for anything
	$(BIN)/sphinx-build -W --keep-going -b html docs build/docs
	$(BIN)/python docs/external_requests.py build/docs

lint: $(VENV)/.dev ## style, import order between the rooms, declared dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/deptry src

types: $(VENV)/.dev ## mypy --strict
	$(BIN)/mypy

format: $(VENV)/.dev ## rewrite the files in the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

wheel: $(VENV)/.dev ## build/dist/latentia-*.whl
	rm -rf build/dist
	$(BIN)/python -m build --wheel --outdir build/dist

clean: ## remove the environment, builds and caches; runs stay
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

core-venv: $(VENV)/.core
test-venv: $(VENV)/.test
dev-venv: $(VENV)/.dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"latentia needs Python 3.11 or newer; $(PYTHON) is {v.major}.{v.minor}: name another with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

# One environment that grows: a stamp says how far it has come.
$(VENV)/.core: pyproject.toml constraints.txt src/latentia/_version.py | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@

$(PEERS)/.done: constraints.txt | $(VENV)/.dev
	rm -rf $(PEERS)
	$(BIN)/python -m pip install --quiet --no-deps --target $(PEERS) $(PYTHAE)
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@
