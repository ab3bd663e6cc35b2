# All the set-up there is: `make demo` and `make test` on a machine with Python 3.11 or
# newer, a C compiler and make. Both build `.venv` in the checkout and nothing elsewhere.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Handed to every `pip install`: an index of your own, for instance.
PIP_FLAGS ?=
# Handed to pytest: `make test PYTEST_FLAGS='-k wheel -x'`.
PYTEST_FLAGS ?=

# uv reads no setting of pip's: where pip has a local folder of wheels, name it for uv too.
ifndef UV_FIND_LINKS
export UV_FIND_LINKS := $(shell $(PYTHON) -m pip config get global.find-links 2>/dev/null)
endif

# Twice quiet hides pip's remarks on index folders that do not exist; errors still show.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check $(PIP_FLAGS)
# Links are not followed by ruff, so the plugins are named; the other checkers see them in src.
CODE := src tests plugins migrations benchmarks examples
# One thread a process: small arrays compute faster so, and timings do not disturb each other.
TEST_ENVIRONMENT := OMP_NUM_THREADS=1 KERAS_BACKEND=torch

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check format bench clean

help:
	@echo 'make demo       train a small network for 20 s and see what it used'
	@echo 'make test       every test, the long ones in their short form'
	@echo 'make test-long  the long ones in their full form'
	@echo 'make check      ruff, mypy --strict, import-linter'
	@echo 'make format     put the code into its one format'
	@echo 'make bench      what is fast and accurate, measured here'
	@echo 'make clean      remove .venv and what the tools left behind'

demo: $(VENV)/.installed-demo
	@$(BIN)/python examples/digits.py
	@$(BIN)/tracker show last

test: $(VENV)/.installed-test
	$(TEST_ENVIRONMENT) $(BIN)/python -m pytest -m 'not long' $(PYTEST_FLAGS)

test-long: $(VENV)/.installed-test-long
	$(TEST_ENVIRONMENT) $(BIN)/python -m pytest -m long $(PYTEST_FLAGS)

check: $(VENV)/.installed-test
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix-only --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(VENV)/.installed-test
	$(BIN)/python benchmarks/run_all.py

clean:
	rm -rf $(VENV) build dist src/*.egg-info .coverage
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src plugins migrations tests benchmarks examples -name __pycache__ -prune -exec rm -rf {} +

# A stamp stands only after its step succeeded: what was broken off is done again.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; $(PYTHON) is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@echo 'Making $(VENV) with '"$$($(PYTHON) --version)"' ...'
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed-demo: pyproject.toml | $(VENV)/.made
	@echo 'Installing emissions-tracker and scikit-learn into $(VENV) (a minute or so) ...'
	@$(PIP_INSTALL) --editable '.[demo]'
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/.made
	@echo 'Installing emissions-tracker, torch, keras and the checkers into $(VENV) (some minutes) ...'
	@$(PIP_INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/.installed-test-long: $(VENV)/.installed-test
	@echo 'Installing more frameworks and loggers into $(VENV) (some minutes) ...'
	@$(PIP_INSTALL) --editable '.[test,test-frameworks]'
	@touch $@
