"""`fer-edge`: the commands put together, and what their errors look like."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from device.errors import ExitCode, FerEdgeError
from fer_edge import __version__
from fer_edge.cli import (
    bench,
    data,
    doctor,
    export,
    fetch,
    gate,
    inspect,
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
    train,
    verify,
)
from fer_edge.cli import eval as eval_command
from fer_edge.cli import zoo as zoo_command


class Commands(TyperGroup):
    """The commands, with one line for a person where an error can be explained."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; exit 1 for a failed check, 2 for wrong input, 130 for Ctrl-C."""
        try:
            return super().invoke(ctx)
        except FerEdgeError as error:
            if ctx.params["debug"]:
                raise
            typer.echo(f"fer-edge: {error}", err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            typer.echo("fer-edge: interrupted", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None


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
app.command("search", epilog=search.EXAMPLE)(search.search)
app.command("pipeline", epilog=pipeline.EXAMPLE)(pipeline.pipeline)
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
app.command("bench", epilog=bench.EXAMPLE)(bench.bench)
app.command("eval", epilog=eval_command.EXAMPLE)(eval_command.evaluate)
app.command("gate", epilog=gate.EXAMPLE)(gate.gate)
app.command("report", epilog=report.EXAMPLE)(report.report)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"fer-edge {__version__}")
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Train, shrink, measure and run facial-expression models on the edge."""
