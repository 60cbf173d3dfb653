"""Involuntary context switches of this process."""

import resource


def preemptions() -> int:
    """Count how often the system took the processor from this process: since it began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
