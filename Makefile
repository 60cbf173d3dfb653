# Two commands for a fresh machine: `make demo` and `make test`. Python 3.11 or later is all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BASE := .venv-base
OUT ?= runs/demo

.PHONY: install demo test lint types imports tests base clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[train,dev]'
	touch $@

demo: install
	$(BIN)/fer-edge pipeline demo --out $(OUT)

test: install lint types imports tests

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/oxlint --quiet benchmarks/report/page

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports

tests:
	$(BIN)/pytest

# What a Raspberry Pi installs, and nothing else: the tests of `device` and of the commands that need
# no TensorFlow, against the installed wheel.
base: $(BASE)/.installed
	$(BIN)/python tests/device/untrained_models.py $(BASE)/models
	FER_EDGE_TEST_MODELS=$(BASE)/models $(BASE)/bin/pytest -q -rs tests/device tests/base

$(BASE)/.installed: pyproject.toml constraints.txt $(VENV)/.installed
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/python -m pip install --quiet -c constraints.txt . pytest hypothesis jsonschema scikit-image
	touch $@

clean:
	rm -rf $(VENV) $(BASE) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
