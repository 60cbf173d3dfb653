"""The operating system: atomic files, subprocesses, logging, firmware and temperature, systemd."""
