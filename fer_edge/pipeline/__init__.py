"""The pipeline: stages from data to report, each resumable, each in a folder of the run."""
