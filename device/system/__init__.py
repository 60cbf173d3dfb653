"""Operating system: atomic files, subprocesses, logging, firmware, temperature, systemd."""
