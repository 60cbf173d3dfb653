"""Maintainers' programs: publishing models, releases and reference pages."""
