"""Scripts that measure the figures of the docs: `python -m fer_edge.release.figures.NAME`."""
