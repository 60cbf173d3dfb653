"""Settings for all tests."""

import atexit
import os
import shutil
import signal
import tempfile
from importlib.util import find_spec
from pathlib import Path

import hypothesis

# Before any test imports it: TensorFlow's start-up lines help nobody who reads a failure.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# The environments that `make environments` made, such as FER_EDGE_TFLITE_RUNTIME_PYTHON; variables
# that are set name others.
for marker in Path(__file__).parents[1].glob(".envs/*/.installed"):
    name = marker.parent.name.upper().replace("-", "_")
    os.environ.setdefault(f"FER_EDGE_{name}_PYTHON", str(marker.parent / "bin" / "python"))

# What is remembered of models that ran is kept apart from the user's own cache.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="fer-edge-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

# A busy machine is no failure.
hypothesis.settings.register_profile("calm", deadline=None, max_examples=50)
hypothesis.settings.load_profile("calm")

# A test run in the background or under nohup is told to ignore these, and so would be the processes
# that it starts; what they do on a signal is what is tested.
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

# Those tests are about an environment that lacks TensorFlow: `make base` makes one.
collect_ignore = ["base"] if find_spec("tensorflow") else []
