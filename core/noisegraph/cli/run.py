"""`noisegraph run`: run a graph and write what it makes."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from ..errors import GraphError, NoisegraphError, did_you_mean
from ..events import Event, NodeFinished, RunFinished
from ..history import remember
from ..plan import Plan
from ..registry import Registry
from ..request import afresh
from ..run import run
from ..serving.protocol import Speaker, line
from ..store.cache import Cache
from ..writing.naming import make_folder
from ..writing.outputs import Written, tensors_for, told, unwritable, write
from .call import Call, cache_for, called, folder_of, on_graph, sorted_out, with_cache
from .interrupt import interruptible
from .narration import Narration, Plain, Quiet
from .text import complain, give, say, warn


class CancelledError(Exception):
    """The run was asked to stop, and did."""


@click.command("run")
@on_graph
@with_cache
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="The folder that files are written to.")
@click.option("--on", metavar="PLACE", help="Run it elsewhere: a place that a plugin brings.")
@click.option("--events", type=click.Choice(["jsonl"]), help="Tell every event on stdout, in JSON lines.")
@click.option("--json", "as_json", is_flag=True, help="Tell on stdout, as JSON, what was made.")
@click.option("--quiet", is_flag=True, help="Tell nothing but what went wrong.")
@click.option("--traceback", is_flag=True, help="Show all frames of a node's error.")
def command(
    graph: str | None,
    values: tuple[str, ...],
    fresh: tuple[str, ...],
    memory: int | None,
    disk: int | None,
    out: Path,
    on: str | None,
    events: str | None,
    as_json: bool,
    quiet: bool,
    traceback: bool,
    **asked: Any,
) -> int:
    """Run a graph and write what it makes.

    GRAPH is a file, a graph of the library, a picture that noisegraph made, or - for stdin. NAME=VALUE gives an input
    its value: as JSON where that fits, else as text. What was made before is not made again. stdout tells the files.
    """
    speaker = Speaker("run")
    name, texts, nodes = sorted_out(graph, values, fresh)
    try:
        call = called(name, texts, **asked)
        plan = call.planned(lambda done: () if call.request.until else unwritable(done, call.registry))
        runner = _runner(call, plan, on, afresh(plan, nodes))
        make_folder(out)
    except GraphError as error:
        _send([speaker.problems(error.problems)] if events else [])
        raise
    warn(call.unread(plan.checked))
    _tell_differences(call, plan, quiet)
    captions = call.registry.collect("noisegraph_captions", call.registry.named)
    cache = cache_for(call.registry, memory, disk)
    teller = _narration(quiet, traceback, lambda use: _origin(call.registry, use))
    speak = _speak(speaker, plan, cache) if events else _silent
    try:
        last = _run(plan, runner(cache), teller, speak, folder_of(disk))
    except (CancelledError, KeyboardInterrupt):
        return _cancelled(speaker if events else None)
    finally:
        cache.close()
    written = write(plan, last.results, out, call.registry, call.request.until, cache.codecs, captions)
    _report(plan, last, written, speaker if events else None, as_json)
    complain(written.problems)
    for note in () if quiet else dict.fromkeys(written.only_made):
        say(note)
    return 1 if last.failed or written.problems else 0


def _runner(call: Call, plan: Plan, on: str | None, fresh: set[int]) -> Callable[[Cache], Iterator[Event]]:
    """What runs the plan: this process, or the place that is named; raises GraphError where there is no such place."""
    if on is None:
        return lambda cache: run(plan, cache, fresh, tensors_for(plan.checked))
    if fresh:
        raise click.UsageError("--fresh runs here, not on another place")
    places = {place.name: place for place in call.registry.collect("noisegraph_executors")}
    if on not in places:
        hint = did_you_mean(on, places) or f"there are {', '.join(places) or 'none: plugins bring them'}"
        raise GraphError.of(f"no place '{on[:200]}' to run on", hint)
    return lambda cache: places[on].run(plan, cache)


def _run(
    plan: Plan,
    events: Iterator[Event],
    teller: Narration,
    speak: Callable[[Event], None],
    folder: Path | None,
) -> RunFinished:
    """Run to the last event; raises CancelledError when asked to stop, the loop's last state being stored."""
    seconds: dict[str, float] = {}
    with teller, interruptible(teller.note) as stop:
        try:
            for event in events:
                if isinstance(event, NodeFinished):
                    seconds[event.node] = event.seconds
                teller.tell(event)
                speak(event)
                if isinstance(event, RunFinished):
                    return event
                if stop.asked:
                    raise CancelledError
        finally:
            if isinstance(events, Generator):
                events.close()
            remember(folder, plan, seconds)
    raise NoisegraphError("the run ended without saying what came of it")


def _narration(quiet: bool, all_frames: bool, origin: Callable[[str], str]) -> Narration:
    """What fits stderr; `origin(use)` names a node's plugin for errors."""
    if quiet:
        return Quiet(all_frames, origin)
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from .bars import Bars

        return Bars(all_frames, origin)
    return Plain(all_frames, origin)


def _silent(event: Event) -> None:
    """Nothing is said."""


def _speak(speaker: Speaker, plan: Plan, cache: Cache) -> Callable[[Event], None]:
    speaker.follow(plan, cache.memory)

    def speak(event: Event) -> None:
        _send(speaker.messages(event))

    return speak


def _send(messages: Iterable[dict[str, Any]]) -> None:
    for message in messages:
        sys.stdout.write(line(message))
    sys.stdout.flush()


def _report(plan: Plan, last: RunFinished, written: Written, speaker: Speaker | None, as_json: bool) -> None:
    """What was made, on stdout."""
    made = told(plan, last.results, written)
    if speaker is not None:
        _send([speaker.message("result", **made), speaker.message("done", failed=last.failed, seconds=last.seconds)])
    elif as_json:
        give(json.dumps({**made, "seconds": last.seconds}, indent=2, ensure_ascii=False))
    else:
        for path in written:
            click.echo(path)
    if last.failed:
        say("what finished is kept: the next run begins there")


def _cancelled(speaker: Speaker | None) -> int:
    if speaker is not None:
        _send([speaker.message("cancelled")])
    again = shlex.join(["noisegraph", *sys.argv[1:]])
    say(f"cancelled; what was done is kept. To go on from there: {again}")
    return 130


def _origin(registry: Registry, use: str) -> str:
    plugin = registry.plugin(use.partition(".")[0])
    return f"{plugin.distribution} {plugin.version}".strip()


def _tell_differences(call: Call, plan: Plan, quiet: bool) -> None:
    """Where a picture's record names other versions or files than there are now, say so."""
    if call.record is None or quiet:
        return
    from ..writing.records import differences

    for what in differences(call.record, plan, call.registry):
        say(f"the result may differ from the picture: {what}")
