"""Ten thousand graphs that were right once: whatever is done to them, no traceback, no hang and no file."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from noisegraph.check import check
from noisegraph.errors import GraphError
from noisegraph.graph import library, parse
from noisegraph.plan import plan
from noisegraph.registry import Local, Registry
from noisegraph.run import run

from . import nodes
from .cli_probe import used
from .conftest import CPU, Engine, Told

TOKENS = (
    "{", "}", "[", "]", ",", ":", '"', "null", "true", "-0.0", "1e999", "1e-999", "NaN", "0", "-1", "9" * 400, '"$"',
    '"$model"', '"$model.unet"', '"$steps"', '"$$"', '"$noise.x.y"', '"use"', '"inputs"', '"nodes"', '"sweep"', '""',
    '"digit"', '"sampler.sample"', '"guide.cfg"', '"logic.choose"', '"../digit.json"', '"\\ud800"', "\\", "\x00",
    "\u202e", "é", "\ufeff", "//", '"device"', '"cache"', '"needs"', '{"use": "digit"}', '["$model", 1]',
)  # fmt: skip
SUBTREES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 10**30, "", "$", "$model", "$model.unet", "$drawn", "$image.x", "$steps",
    "$$x", "digit", "digits", "sampler.ddim", "text", [], [[]], ["$steps", 1], ["$model", "$noise"], {},
    {"use": "digit"},
    {"use": "latent.noise", "like": "$model.latent"}, {"steps": [1, 2]}, [{"seed": 1}, {"seed": 2}], {"a": {"b": "$x"}},
    "cpu", "cuda:9", {"noisegraph": ">=0"}, {"numpy": "<1"},
)  # fmt: skip

NAMES = ("use", "steps", "model", "x", "seed", "device", "cache", "sweep", "noise")
CHEAP: dict[str, Any] = {
    "inputs": {"steps": 3, "value": 2, "text": "a"},
    "nodes": {
        "model": {"use": "t.pair", "first": "$value", "second": "$text"},
        "sum": {"use": "t.add", "a": "$model.first", "more": "$steps"},
        "other": {"use": "t.choose", "first": "$sum", "second": "$model.first", "take": "second"},
        "all": {"use": "t.total", "items": ["$sum", "$other", "$model.first"]},
        "noise": {"use": "t.tensor", "size": "$value"},
        "drawn": {"use": "t.count", "x": "$noise", "steps": "$steps"},
        "word": {"use": "t.colour", "of": "blue"},
        "any": {"use": "t.anything", "value": {"a": [1, {"b": None}]}},
    },
    "outputs": {"x": "$all", "y": "$drawn", "z": "$word", "any": "$any"},
    "sweep": {"value": [1, 2]},
}


def containers(data: Any) -> Iterator[Any]:
    """Every object and list in the data."""
    if isinstance(data, (dict, list)):
        yield data
        for item in list(data.values()) if isinstance(data, dict) else data:
            yield from containers(item)


def damaged_bytes(text: str, draw: random.Random) -> bytes:
    """Bytes flipped, cut out, doubled."""
    data = bytearray(text.encode())
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(len(data))
        match draw.randrange(4):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                del data[at : at + draw.choice((1, 5, 50, 500))]
            case 2:
                data[at:at] = data[at : at + draw.choice((1, 20, 200))]
            case _:
                data[at:at] = bytes([draw.randrange(256)])
        if not data:
            break
    return bytes(data)


def damaged_tokens(text: str, draw: random.Random) -> bytes:
    """Tokens of JSON, and what looks like them, put in somewhere or in the place of others."""
    for _ in range(draw.choice((1, 2, 3))):
        at = draw.randrange(len(text) + 1)
        text = text[:at] + draw.choice(TOKENS) + text[at + draw.choice((0, 0, 1, 8)) :]
    return text.encode("utf-8", "surrogatepass")


def damaged_tree(text: str, draw: random.Random) -> bytes:
    """Subtrees replaced, removed, renamed, moved and doubled; what comes out is JSON."""
    data = json.loads(text)
    for _ in range(draw.choice((1, 1, 2, 4))):
        places = [one for one in containers(data) if one]
        if not places:
            break
        place = draw.choice(places)
        key = draw.choice(list(place)) if isinstance(place, dict) else draw.randrange(len(place))
        match draw.randrange(6):
            case 0:
                place[key] = copy.deepcopy(draw.choice(SUBTREES))
            case 1:
                del place[key]
            case 2 if isinstance(place, dict):
                place[draw.choice(NAMES)] = place[key]
            case 3 if isinstance(place, dict):
                place[f"{key}{draw.choice('sx_1')}"] = place.pop(key)
            case 4:
                other = draw.choice(places)
                moved = other[draw.choice(list(other))] if isinstance(other, dict) else draw.choice(other)
                place[key] = copy.deepcopy(moved)
            case _:
                place[key] = copy.deepcopy(draw.choice(SUBTREES))
    return json.dumps(data).encode()


WAYS: tuple[Callable[[str, random.Random], bytes], ...] = (damaged_tree, damaged_tree, damaged_tokens, damaged_bytes)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, so that a file that was written would be seen."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("NOISEGRAPH_CACHE", str(used(tmp_path / "cache")))
    return tmp_path / "here"


def registry() -> Registry:
    """The built-in nodes and those of the tests."""
    own = [entry for entry in entry_points(group="noisegraph") if entry.value.startswith("noisegraph.nodes.")]
    return Registry([*own, Local("t", nodes.NODES)])


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_c21_ten_thousand_mutated_graphs_are_refused_or_planned_and_the_cheap_ones_run(
    count: int, folder: Path
) -> None:
    texts = [text for text in (path.read_text() for path in library().values()) if '"needs"' not in text]
    cheap = json.dumps(CHEAP)
    draw, found, engine = random.Random(20), registry(), Engine()
    refused = planned = ran = 0
    slowest = 0.0
    for number in range(count):
        is_cheap = number % 3 == 0
        text = draw.choice(WAYS)(cheap if is_cheap else draw.choice(texts), draw)
        began = time.process_time()
        try:
            made = plan(check(parse(text, "mutated.json", folder), found), CPU)
            planned += 1
            if is_cheap and all(task.spec.plugin == "t" for task in made.tasks):
                told = Told(list(run(made, engine.cache)))
                assert len(told.results) == len(made.points)
                ran += 1
        except GraphError as error:
            refused += bool(error.problems) and all(one.what and len(str(one)) < 5000 for one in error.problems)
        slowest = max(slowest, time.process_time() - began)
    assert refused + planned == count
    assert planned > count // 40, "most were only broken JSON"
    assert ran > count // 100
    assert slowest < 5
    assert list(folder.iterdir()) == []
