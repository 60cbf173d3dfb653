"""Quantization-aware training: the int8 scheme and its layers."""
