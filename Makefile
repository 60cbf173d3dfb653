# Two commands for a fresh machine: `make demo` and `make test`. Python 3.11 or later is all they need.
# `make environments` before `make test` adds the tests against runtimes that cannot share a venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BASE := .venv-base
OUT ?= runs/demo

# Each is a venv in .envs/, made from tests/environments/NAME.txt; tests/conftest.py finds it there.
OLD := import platform, sys; old = sys.version_info < (3, 12); x86 = platform.machine() == "x86_64"
OLD += ; print("tflite-runtime" * old, "tflite-micro" * (old and x86))
ENVIRONMENTS := quantizer mediapipe onnxruntime $(shell $(PYTHON) -c '$(OLD)')

.PHONY: install environments demo test lint types imports tests base fuzz arm64 clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[train,dev]'
	touch $@

environments: install $(ENVIRONMENTS:%=.envs/%/.installed)

.envs/%/.installed: tests/environments/%.txt
	rm -rf .envs/$*
	$(PYTHON) -m venv .envs/$*
	.envs/$*/bin/python -m pip install --quiet -r $<
	touch $@

# tf2onnx needs TensorFlow, which .venv has: 2.3 GB that are not installed twice.
.envs/onnxruntime/.installed: PTH = import sysconfig; print(sysconfig.get_path("purelib"))
.envs/onnxruntime/.installed: tests/environments/onnxruntime.txt $(VENV)/.installed
	rm -rf .envs/onnxruntime
	$(PYTHON) -m venv .envs/onnxruntime
	.envs/onnxruntime/bin/python -m pip install --quiet -r $<
	$(BIN)/python -c '$(PTH)' > "$$(.envs/onnxruntime/bin/python -c '$(PTH)')/train.pth"
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
	FER_EDGE_TEST_MODELS=$(BASE)/models $(BASE)/bin/pytest tests/device tests/base

$(BASE)/.installed: pyproject.toml constraints.txt $(VENV)/.installed
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/python -m pip install --quiet -c constraints.txt . pytest hypothesis jsonschema scikit-image
	touch $@

# Changed model files, 20,000 of each, against every command that reads one: make fuzz SECONDS=60
FUZZED := fer_edge/zoo/nano/fer2013_int8.tflite fer_edge/zoo/nano/fer2013_float32.tflite
CHANGES ?= 20000
SECONDS ?= inf

fuzz: install
	$(BIN)/python tests/device/model/fuzz.py $(FUZZED) --changes $(CHANGES) --seconds $(SECONDS)

# What `device` answers on emulated Arm cores, compared to the bit with this machine.
arm64: install
	$(BIN)/fer-edge fetch arm
	$(BIN)/python -m fer_edge.release.arm64

# A pipeline killed twenty times, against one that was not disturbed, byte by byte.
kills: install
	$(BIN)/python tests/fer_edge/pipeline/kills.py

clean:
	rm -rf $(VENV) $(BASE) .envs build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
