"""`fer-edge`: assembles the commands and formats their errors."""

import errno
import os
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from device.errors import ExitCode, FerEdgeError
from device.system.scratch_folder import scratch
from fer_edge import __version__
from fer_edge.cli import (
    adapt,
    audio,
    bench,
    data,
    doctor,
    explain,
    export,
    fetch,
    gate,
    inspect,
    landmarks,
    mqtt,
    pipeline,
    predict,
    ptq,
    quant_debug,
    report,
    run,
    search,
    serve,
    service,
    temporal,
    text,
    train,
    verify,
)
from fer_edge.cli import eval as eval_command
from fer_edge.cli import zoo as zoo_command
from fer_edge.cli.shared.terminal import echo

_NOT_WRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EAGAIN}
"""Error numbers of a failed write to an open file."""


class Commands(TyperGroup):
    """The command group; prints errors that have a known cause as one line."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command line; exit 2 if the output cannot be written, as on a full disk."""
        try:
            try:
                return super().main(*args, **options)
            finally:
                if sys.stdout is not None:  # None: closed by the caller
                    sys.stdout.flush()  # otherwise Python flushes at exit, with a traceback
        except OSError as error:
            _discard_output()
            if error.errno == errno.EPIPE:  # the reader closed the pipe, as `head` does
                sys.exit(ExitCode.FAILED)
            if "--debug" in sys.argv or not (error.filename or error.errno in _NOT_WRITTEN):
                raise
            with suppress(OSError):
                echo(f"fer-edge: {_explain(error)}", err=True)
            sys.exit(ExitCode.WRONG_INPUT)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; exit 1 for a failed check, 2 for wrong input, 130 for Ctrl-C."""
        try:
            with scratch():
                return super().invoke(ctx)
        except FerEdgeError as error:
            if ctx.params["debug"]:
                raise
            echo(f"fer-edge: {error}", err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            echo("fer-edge: interrupted", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None


def _explain(error: OSError) -> str:
    reason = error.strerror or error
    if error.filename is None:
        return f"the output cannot be written ({reason}): redirect it to another disk or file"
    return f"{error.filename}: {reason}"


def _discard_output() -> None:
    """Redirect pending standard output to the null device, so that Python does not retry."""
    with suppress(OSError, ValueError, AttributeError):  # closed, or a test's stream without a file
        target = sys.stdout.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, target)
        os.close(null)


app = typer.Typer(
    cls=Commands,
    name="fer-edge",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: fer-edge pipeline demo --out runs/demo",
)
app.add_typer(data.app, name="data")
app.command("train", epilog=train.EXAMPLE)(train.train)
app.command("audio", epilog=audio.EXAMPLE)(audio.audio)
app.command("landmarks", epilog=landmarks.EXAMPLE)(landmarks.landmarks)
app.command("search", epilog=search.EXAMPLE)(search.search)
app.command("pipeline", epilog=pipeline.EXAMPLE)(pipeline.pipeline)
app.command("text", epilog=text.EXAMPLE)(text.text)
app.command("temporal", epilog=temporal.EXAMPLE)(temporal.temporal)
app.command("export", epilog=export.EXAMPLE)(export.export)
app.command("predict", epilog=predict.EXAMPLE)(predict.predict)
app.command("run", epilog=run.EXAMPLE)(run.run)
app.command("serve", epilog=serve.EXAMPLE)(serve.serve)
app.add_typer(service.app, name="service")
app.add_typer(mqtt.app, name="mqtt")
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.doctor)
app.command("fetch", epilog=fetch.EXAMPLE)(fetch.fetch)
app.command("zoo", epilog=zoo_command.EXAMPLE)(zoo_command.zoo)
app.command("inspect", epilog=inspect.EXAMPLE)(inspect.inspect)
app.command("verify", epilog=verify.EXAMPLE)(verify.verify)
app.command("ptq", epilog=ptq.EXAMPLE)(ptq.ptq)
app.command("quant-debug", epilog=quant_debug.EXAMPLE)(quant_debug.quant_debug)
app.command("adapt", epilog=adapt.EXAMPLE)(adapt.adapt)
app.command("bench", epilog=bench.EXAMPLE)(bench.bench)
app.command("eval", epilog=eval_command.EXAMPLE)(eval_command.evaluate)
app.command("explain", epilog=explain.EXAMPLE)(explain.explain)
app.command("gate", epilog=gate.EXAMPLE)(gate.gate)
app.command("report", epilog=report.EXAMPLE)(report.report)


def _print_version(asked: bool) -> None:
    if asked:
        echo(f"fer-edge {__version__}")
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Train, compress, benchmark and run facial-expression models on edge devices."""
