"""Face detection, alignment, cropping to the model input, and recognition in single images."""
