"""What holds for every test."""

import os
import signal
from importlib.util import find_spec

import hypothesis

# Before any test imports it: TensorFlow's start-up lines help nobody who reads a failure.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

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
