# Two commands for a new machine: `make demo` and `make test`. They only need Python 3.11 or later.
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

.PHONY: install environments demo test lint types imports tests tests-fer_edge tests-others base docs dist audit fuzz arm64 kills fusion-soak million clean

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

# Two processes: most tests use one core, and the conversions of fer_edge take as long as all else.
# Coverage is of the code that runs in those processes, not of the programs that tests start; the floor
# is `fail_under` in pyproject.toml.
COVERAGE := $(CURDIR)/build/coverage/data
MEASURED = COVERAGE_FILE=$(COVERAGE).$(@:tests-%=%) $(BIN)/pytest --cov --cov-report= --cov-fail-under=0

tests:
	$(MAKE) --jobs=2 tests-fer_edge tests-others
	COVERAGE_FILE=$(COVERAGE) $(BIN)/coverage combine --quiet $(COVERAGE).fer_edge $(COVERAGE).others
	COVERAGE_FILE=$(COVERAGE) $(BIN)/coverage report --format=total

tests-fer_edge:
	$(MEASURED) tests/fer_edge

tests-others:
	$(MEASURED) --ignore=tests/fer_edge

# Only what a Raspberry Pi installs: the wheel in an empty venv, where an image is
# classified before the tools of the tests are installed; then the tests of `device` and of the commands
# that need no TensorFlow.
base: $(BASE)/.installed
	$(BIN)/python tests/device/untrained_models.py $(BASE)/models
	FER_EDGE_TEST_MODELS=$(BASE)/models $(BASE)/bin/pytest tests/device tests/base

$(BASE)/.installed: pyproject.toml constraints.txt $(VENV)/.installed
	rm -rf $(BASE)
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/python -m pip wheel --quiet --no-deps --wheel-dir $(BASE)/wheel .
	$(BASE)/bin/python -m pip install --quiet -c constraints.txt $(BASE)/wheel/*.whl
	$(BASE)/bin/python -m pip check
	$(BASE)/bin/python tests/base/first_run.py $(BASE)/wheel/*.whl
	$(BASE)/bin/python -m pip install --quiet -c constraints.txt pytest hypothesis jsonschema scikit-image
	touch $@

# Wheel and sdist of the last commit, built twice and compared, with their bills of materials.
dist: $(VENV)/.release
	$(BIN)/python -m fer_edge.release.dist --out dist

# Known vulnerabilities of the locked versions. Fails also where the index cannot tell.
audit: $(VENV)/.release
	$(BIN)/pip-audit --strict --no-deps --disable-pip -r constraints.txt

$(VENV)/.release: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[train,dev,release]'
	touch $@

# The documentation as a site, in build/site: open index.html, or for its search
# `python3 -m http.server --directory build/site`. A broken link is an error.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo build/site/index.html

# Changed model files, 20,000 of each, against every command that reads one; then changed tables, votes,
# archives, pictures, recipes, results, rules, MQTT and HTTP: make fuzz SECONDS=60, for each of the two.
FUZZED := fer_edge/zoo/nano/fer2013_int8.tflite fer_edge/zoo/nano/fer2013_float32.tflite
CHANGES ?= 20000
SECONDS ?= inf

fuzz: install
	$(BIN)/python tests/device/model/fuzz.py $(FUZZED) --changes $(CHANGES) --seconds $(SECONDS)
	$(BIN)/python tests/fer_edge/fuzz/fuzz.py --seconds $(if $(filter inf,$(SECONDS)),600,$(SECONDS))

# Results of `device` on emulated Arm cores, compared bit by bit with this machine.
arm64: install
	$(BIN)/fer-edge fetch arm
	$(BIN)/python -m fer_edge.release.arm64

# `run` with video, sound and text at once on a generated clip; memory must stay flat. For sound:
# AUDIO_MODEL=runs/audio/audio_int8.tflite
MINUTES ?= 10
fusion-soak: install
	$(BIN)/python -m fer_edge.release.figures.fusion_soak --minutes $(MINUTES) $(AUDIO_MODEL:%=--audio-model %)

# A pipeline killed thirty times, compared byte by byte with an uninterrupted one.
kills: install
	$(BIN)/python tests/fer_edge/pipeline/kills.py

# Generated images streamed from shards against the same ones in memory: make million IMAGES=100000
IMAGES ?= 1000000

million: install
	$(BIN)/python tests/fer_edge/data/million.py --images $(IMAGES)

clean:
	rm -rf $(VENV) $(BASE) .envs build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
