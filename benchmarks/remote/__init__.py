"""Measure on other machines over ssh and bring one `results.json` back from each host."""

from benchmarks.remote.fleet import Outcome, run
from benchmarks.remote.host import Host
from benchmarks.remote.job import Job

__all__ = ["Host", "Job", "Outcome", "run"]
