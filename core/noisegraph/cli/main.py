"""`noisegraph`: finds the command, imports it alone, and turns whatever happens into an exit code."""

from __future__ import annotations

import codecs
import contextlib
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

import click

from ..errors import GraphError, NoisegraphError, Place, Problem, did_you_mean
from .text import complain, say

COMMANDS = {
    "run": "Run a graph and write what it makes.",
    "check": "Tell all that is wrong with a graph, or what its inputs are.",
    "plan": "Tell what a run would do with each node, and why.",
    "schema": "Write the JSON Schema of graph files, for editors.",
    "nodes": "List the nodes, or tell all about one.",
    "graphs": "List the graphs of the library, those of published systems by year.",
    "plugins": "List the plugins, with what is wrong with those that are broken.",
    "cache": "Look after the cache of what was made.",
    "show": "Tell how a picture was made, or what a file of weights is.",
    "new": "Write a new plugin package.",
    "tui": "Open a graph in the terminal: edit it, run it, see what it makes.",
    "worker": "Run graphs for another program, in JSON lines.",
}
"""The commands that come with noisegraph; each is the `command` of the module of its name."""
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
FAILED, WRONG, CANCELLED, PIPE_CLOSED, BROKEN = 1, 2, 130, 141, 70


class Commands(click.Group):
    """The commands by name, imported when they are called; a name that is not among them is sought in the plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands that come with noisegraph."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None."""
        if cmd_name in COMMANDS:
            found = importlib.import_module(f".{cmd_name}", __package__).command
            return found if isinstance(found, click.Command) else None
        return None if cmd_name.startswith("-") else _of_plugins(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest name in the error."""
        command = self.get_command(ctx, args[0])
        if command is None:
            hint = did_you_mean(args[0], COMMANDS) or "`noisegraph --help` lists the commands"
            raise click.UsageError(f"no command '{args[0][:200]}'; {hint}", ctx)
        return args[0], command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their help, none of them imported."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; that nobody reads on is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _pipe_closed()


def _of_plugins(name: str) -> click.Command | None:
    from ..registry import Registry

    brought = [command for command in Registry.installed().collect("noisegraph_commands") if command.name == name]
    return brought[0] if brought else None


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"noisegraph {version('noisegraph')}")
        ctx.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Plugins may add commands; `noisegraph plugins` names them. "
    "Exit codes: 0 done, 1 a node failed, 2 the graph or the call is wrong, 130 cancelled.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def commands() -> None:
    """Run diffusion workflows that are written as JSON graphs."""


def main() -> NoReturn:
    """The entry point of the `noisegraph` program."""
    # torch's threads wait by spinning: beside one other busy process, two of them took fifty times as long
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    _open_streams()
    sys.exit(code())


def _open_streams() -> None:
    """Streams that take whatever there is to tell; one that the caller closed leads nowhere, not to the next file."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 (it stays open as long as the process)
    _keep_stdout()
    if isinstance(sys.stdout, io.TextIOWrapper):
        knows_all = codecs.lookup(sys.stdout.encoding).name == "utf-8"  # but for the names of files, which are bytes
        sys.stdout.reconfigure(errors="surrogateescape" if knows_all else "backslashreplace")


def _keep_stdout() -> None:
    """Data alone goes where stdout leads: what C libraries write past Python, some of it at the end, goes to stderr."""
    told = sys.stdout
    if isinstance(told, io.TextIOWrapper) and told.fileno() == 1:
        sys.stdout = open(  # noqa: SIM115 (it stays open as long as the process)
            os.dup(1), "w", encoding=told.encoding, errors=told.errors
        )
        sys.stdout.reconfigure(line_buffering=told.line_buffering, write_through=told.write_through)
        os.dup2(2, 1)


def code(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    try:
        result = commands.main(arguments, prog_name="noisegraph", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        return _pipe_closed()
    except (click.Abort, KeyboardInterrupt):
        say("cancelled")
        return CANCELLED
    except click.ClickException as error:
        error.show()
        return WRONG
    except GraphError as error:
        complain(error.problems)
        return WRONG
    except NoisegraphError as error:
        complain([Problem(Place(), str(error))])
        return WRONG
    except OSError as error:
        return _not_told(error) if error.errno in DISK_FULL else _own_error()
    except Exception:
        return _own_error()


def _pipe_closed() -> int:
    """Nobody reads stdout any more: end without a word."""
    _close(sys.stdout)
    return PIPE_CLOSED


def _not_told(error: OSError) -> int:
    """What there was to tell cannot be written where stdout, or stderr, leads to."""
    _close(sys.stdout)
    with contextlib.suppress(OSError):
        complain([Problem(Place(), f"cannot write what there is to tell: {error.strerror}")])
        return FAILED
    _close(sys.stderr)
    return FAILED


def _close(stream: TextIO) -> None:
    """Leave nothing that Python would flush at its exit, and complain that it cannot."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _own_error() -> int:
    """An error of noisegraph itself: the only time that a traceback is shown unasked."""
    import traceback

    say(traceback.format_exc())
    say("This is an error in noisegraph, not in your graph. Please report it with the lines above and the graph.")
    return BROKEN
