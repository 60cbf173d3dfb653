"""Text emotion: line sources, hashed n-gram features and the int8 text model."""
