"""The models under test: own files, external models described by TOML, the reference."""
