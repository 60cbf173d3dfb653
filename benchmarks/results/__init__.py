"""Results files: types, schema, reading, writing, older versions."""
