"""On-device inference from a `.tflite` file; needs neither TensorFlow nor training code."""
