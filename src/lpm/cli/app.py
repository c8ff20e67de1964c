"""The typer app and the one place where errors become a line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer
from typer.exceptions import TyperException

from lpm.cli.asking import ask, chat, explain
from lpm.cli.backbone import backbone
from lpm.cli.data import data
from lpm.cli.demo import demo
from lpm.cli.eval import evaluate
from lpm.cli.forgetting import expire, forget
from lpm.cli.keeping import export, import_, remember, show, users
from lpm.cli.keys import keys
from lpm.cli.report import report
from lpm.cli.serve import mcp, serve
from lpm.cli.train import train
from lpm.cli.versions import diff, history, rollback
from lpm.errors import IncompatibleMemoryError, InputError, LPMError, UnknownUserError

USAGE, FAILURE, INTERRUPTED = 2, 1, 130

app = typer.Typer(
    name="lpm",
    help="A frozen LLM that remembers each of its users.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    demo,
    remember,
    ask,
    chat,
    explain,
    show,
    users,
    history,
    diff,
    rollback,
    forget,
    expire,
    export,
    train,
    backbone,
    serve,
    mcp,
)
for command in COMMANDS:
    app.command()(command)
app.command()(report)
app.command("import")(import_)
app.command("eval")(evaluate)
app.add_typer(data, name="data")
app.add_typer(keys, name="keys")


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """A frozen LLM that remembers each of its users."""
    if version:
        from lpm import __version__

        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(USAGE)


def run(arguments: list[str] | None = None) -> None:
    """Run a command; exits 0, 1 (failure), 2 (usage or bad input) or 130 (Ctrl-C)."""
    given = sys.argv[1:] if arguments is None else arguments
    # `--debug` may stand anywhere, as people add it to the end of a line that failed.
    debug = "--debug" in given
    sys.exit(_status([part for part in given if part != "--debug"], debug=debug))


def _status(arguments: list[str], *, debug: bool) -> int:
    try:
        result = app(arguments, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except typer.Abort:
        return INTERRUPTED
    except TyperException as error:
        # Typer's errors are all about usage; their text may span lines.
        typer.echo(f"lpm: {' '.join(error.format_message().split())}", err=True)
        return USAGE
    except (KeyboardInterrupt, LPMError, OSError) as error:
        if debug:
            raise
        if isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt):
            typer.echo("lpm: stopped.", err=True)
            return INTERRUPTED
        typer.echo(f"lpm: {error}", err=True)
        bad_input = isinstance(error, InputError | UnknownUserError | IncompatibleMemoryError)
        return USAGE if bad_input else FAILURE
