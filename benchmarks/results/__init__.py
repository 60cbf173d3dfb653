"""Result files: schema, reading, writing, upgrading older versions."""
