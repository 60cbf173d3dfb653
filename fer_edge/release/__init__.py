"""Maintainers' programs that publish shipped models."""
