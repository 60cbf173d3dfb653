"""Other forms of a finished file: input and output types, C array, TFLite Micro."""
