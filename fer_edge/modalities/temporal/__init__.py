"""Temporal heads: from labeled faces or clips to an int8 `.tflite` that replaces smoothing."""
