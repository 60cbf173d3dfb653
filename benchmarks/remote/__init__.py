"""Measure on other machines over ssh: models and faces out, one `results.json` a host back."""

from benchmarks.remote.fleet import Outcome, run
from benchmarks.remote.host import Host
from benchmarks.remote.job import Job

__all__ = ["Host", "Job", "Outcome", "run"]
