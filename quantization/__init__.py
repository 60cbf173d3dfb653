"""Shrink: a Keras model in, pruned and quantized `.tflite` files out, each with its card."""
