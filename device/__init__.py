"""Run: a `.tflite` file and a picture in, expressions out. No TensorFlow, no training code."""
