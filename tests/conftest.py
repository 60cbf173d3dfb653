"""What holds for every test."""

import os

import hypothesis

# Before any test imports it: TensorFlow's start-up lines help nobody who reads a failure.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# A busy machine is no failure.
hypothesis.settings.register_profile("calm", deadline=None, max_examples=50)
hypothesis.settings.load_profile("calm")
