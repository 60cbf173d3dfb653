"""Run a job on the host: `python -m benchmarks.remote.worker FOLDER`."""

import sys
from pathlib import Path

from benchmarks.remote import job
from device.errors import ExitCode, FerEdgeError


def main(folder: Path) -> int:
    """Run the job unpacked in `folder` and write `results.json` there.

    Returns:
        Exit code: 0, 130 if Ctrl-C ended the run early, or the exit code of an error, whose line
        is printed to standard error.
    """
    wanted = job.load(folder)
    try:
        results = wanted.run(folder)
    except FerEdgeError as error:
        print(f"{error}".replace(f"{folder / job.FILES}/", ""), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before anything was measured
        return ExitCode.INTERRUPTED
    return ExitCode.INTERRUPTED if results["partial"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
