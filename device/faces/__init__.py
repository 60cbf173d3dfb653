"""From a picture to faces: detection, alignment, cropping to the model input, recognition."""
