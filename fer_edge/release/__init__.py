"""Maintainers' programs: publishing models, releases, reference pages and figures of the docs."""
