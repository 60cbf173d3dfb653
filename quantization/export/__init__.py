"""Other forms of a finished model file: input and output types, C array, TFLite Micro."""
