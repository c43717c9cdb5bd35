"""`noisegraph cache`: how full the cache is, whether it is sound, and making room in it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import click

from ..folders import cache_folder
from ..quantities import size
from ..serving.protocol import told
from ..store import upkeep
from ..store.cache import DISK_BYTES
from .call import Size
from .text import complain, give, say

_JSON = click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")


@click.group("cache")
def command() -> None:
    """Look after the cache of what was made.

    It lies in $NOISEGRAPH_CACHE, or in the user's cache folder. Nothing in it is needed: what is missing is made again.
    """


@command.command("info")
@_JSON
def info(as_json: bool) -> None:
    """Tell where the cache lies, and how full it is."""
    found = upkeep.info(cache_folder())
    if as_json:
        give(json.dumps(asdict(found), indent=2))
        return
    give(f"{found.folder}\n{found.entries} entries, {size(found.bytes)}")
    if found.entries:
        give(f"used between {_day(found.first_used)} and {_day(found.last_used)}")


@command.command("verify")
@_JSON
def verify(as_json: bool) -> None:
    """Read every entry, and remove those that are damaged."""
    folder = cache_folder()
    problems = upkeep.verify(folder)
    left = upkeep.info(folder)
    complain(problems)
    if as_json:
        give(json.dumps({"sound": left.entries, "damaged": [told(problem) for problem in problems]}, indent=2))
    else:
        give(f"{left.entries} entries are sound, {len(problems)} were damaged")


@command.command("prune")
@click.option("--disk", type=Size(), envvar="NOISEGRAPH_CACHE_DISK", default=DISK_BYTES, help="How much may stay.")
@_JSON
def prune(disk: int, as_json: bool) -> None:
    """Remove what was used longest ago, where there is too much."""
    _tell(upkeep.prune(cache_folder(), disk), as_json)


@command.command("clear")
@_JSON
def clear(as_json: bool) -> None:
    """Remove everything that no run is using."""
    _tell(upkeep.clear(cache_folder()), as_json)


def _tell(done: upkeep.Pruned, as_json: bool) -> None:
    if as_json:
        give(json.dumps(asdict(done), indent=2))
        return
    give(f"removed {done.removed} entries, {size(done.freed)}; {size(done.left)} are left")
    if done.in_use:
        say(f"{done.in_use} entries stay: a run is using them")


def _day(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(when))
