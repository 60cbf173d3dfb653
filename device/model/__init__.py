"""`.tflite` files: verified parsing, the runtime that executes them, the classifier."""
