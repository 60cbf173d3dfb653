"""Post-training quantization of a finished float file."""
