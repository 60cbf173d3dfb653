"""Training of audio and text models: from a data set to an int8 `.tflite` file."""
