"""Measure: `.tflite` files and labelled images in, `results.json` and reports out."""
