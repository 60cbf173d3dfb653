"""The pipeline: resumable stages from data to report, each in a folder of the run."""
