"""Involuntary context switches of this process."""

import resource


def preemptions() -> int:
    """Count the involuntary context switches of this process since its start."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
