"""The run on the host, in a process of its own: `python -m benchmarks.remote.worker FOLDER`."""

import sys
from pathlib import Path

import benchmarks
from benchmarks.remote import job
from device.errors import ExitCode, FerEdgeError


def main(folder: Path) -> int:
    """Measure what lies in `folder`, and leave `results.json` there.

    Returns:
        Exit code: 0, 130 for a run that Ctrl-C ended early, or that of an error, whose line goes
        to standard error.
    """
    wanted = job.load(folder)
    try:
        results = benchmarks.run(
            wanted.models,
            wanted.images,
            wanted.labels,
            leaked=wanted.leaked,
            data=wanted.data,
            out=folder,
            config=wanted.config,
            label_names=wanted.label_names,
        )
    except FerEdgeError as error:
        print(f"{error}".replace(f"{folder / job.FILES}/", ""), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before there was anything to write
        return ExitCode.INTERRUPTED
    return ExitCode.INTERRUPTED if results["partial"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
