"""Texts that plugins put in pictures for other programs, and the seed of each picture of a batch."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Annotated, Any

import noisegraph as ng
import numpy
import pytest
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.graph import parse
from noisegraph.plan import plan
from noisegraph.registry import Local, Registry
from noisegraph.writing.captions import calls, texts
from noisegraph.writing.picture import KEYWORD, png
from noisegraph.writing.records import Records
from PIL import Image

from .cli_probe import chain, write
from .test_cli import here as here
from .test_cli import in_process
from .test_registry import GOOD, install

MAKING = ng.Making((), 8, 8)
BAD_CAPTIONS = """
@ng.hookimpl
def noisegraph_captions():
    raise ValueError("no words")
"""


def _batch(inputs: ng.Facts) -> ng.Facts:
    return {"batch": inputs["batch"]}


def _same(inputs: ng.Facts) -> ng.Facts:
    return inputs["image"]


@ng.node(facts=_batch)
def drawn(*, seed: int | list[int] = 0, batch: int = 1) -> ng.Image:
    """A picture a seed."""
    raise AssertionError("it is not run")


@ng.node(facts=_same)
def changed(image: ng.Image, *, seed: Annotated[int, "of something else"] = 0) -> ng.Image:
    """As many pictures."""
    raise AssertionError("it is not run")


@ng.node
def mixed(images: list[ng.Image]) -> ng.Image:
    """Nobody knows how many."""
    raise AssertionError("it is not run")


REGISTRY = Registry([Local("t", [drawn, changed, mixed])])


def records(output: str, **nodes: Any) -> Records:
    graph = {"nodes": {"a": {"use": "t.drawn", "seed": 5, "batch": 3}, **nodes}, "outputs": {"x": output}}
    return Records(plan(check(parse(json.dumps(graph)), REGISTRY), Device("cpu", "float32")), REGISTRY, None)


def test_a_plugin_is_told_the_calls_that_led_to_each_picture(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = write(here, **chain("probe.picture", shade=0.25, batch=2))
    assert in_process(capsys, "run", graph, "--quiet")[0] == 0
    for index in range(2):
        with Image.open(here / f"graph-0001-{index}.png") as picture:
            text = picture.info["probed"]
        assert text.startswith(f"{index} of 8 x 8: probe.picture {{'shade': 0.25")
    with Image.open(here / "graph-0001-sheet.png") as sheet:
        assert "probed" not in sheet.info


def test_calls_name_parameters_defaults_and_what_ports_read() -> None:
    made = records("$c", b={"use": "t.changed", "image": "$a"}, c={"use": "t.mixed", "images": ["$b", "$a"]})
    first, second, third = calls(made.plan, made.leading_to(0, "x"))
    assert first == ng.Call("t.drawn", {"seed": 5, "batch": 3}, {})
    assert second == ng.Call("t.changed", {"seed": 0}, {"image": (0,)})
    assert third == ng.Call("t.mixed", {}, {"images": (1, 0)})


def test_a_caption_that_fails_or_has_nothing_to_say_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    def fails(making: ng.Making) -> str:
        raise ValueError("no words")

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def fails_twice(making: ng.Making) -> str:
        raise Mute

    makers = [ng.Caption("a", fails), ng.Caption("b", lambda making: None), ng.Caption("c", lambda making: "said")]
    makers += [ng.Caption("d", fails_twice), ng.Caption("e", lambda making: b"bytes")]  # type: ignore[arg-type,return-value]
    with caplog.at_level(logging.WARNING):
        assert texts(makers, MAKING, set()) == {"c": "said"}
    assert "the caption 'a' is left out: ValueError: no words" in caplog.text
    assert "the caption 'd' is left out: Mute: (it cannot be shown)" in caplog.text
    assert "the caption 'e' is left out: TypeError: it is a bytes, no text" in caplog.text


KEYWORDS = {"": 0, "猫": 0, "a" * 80: 0, " a": 0, "a  b": 0, "a\nb": 0, "noisegraph": 0, "a" * 79: 1, "É ü": 1}


@pytest.mark.parametrize(("keyword", "left"), KEYWORDS.items())
def test_a_keyword_that_png_does_not_take_is_told_once_and_left_out(
    keyword: str, left: int, caplog: pytest.LogCaptureFixture
) -> None:
    told: set[str] = set()
    for _ in range(2):
        found = texts([ng.Caption(keyword, lambda making: "said")], MAKING, told)
    assert len(found) == left
    assert len(caplog.messages) == 1 - left
    assert Image.open(io.BytesIO(png(numpy.zeros((2, 2), numpy.uint8), "record", found))).info[KEYWORD] == "record"


@pytest.mark.parametrize("text", ["half \ud83d", "a\0b"])
def test_a_text_that_no_encoding_takes_does_not_cost_the_picture(text: str) -> None:
    found = texts([ng.Caption("said", lambda making: text)], MAKING, set())
    info = Image.open(io.BytesIO(png(numpy.zeros((2, 2), numpy.uint8), "record", found))).info
    assert info.get("said") == ("half \\ud83d" if "half" in text else None)


def test_a_hook_for_captions_that_fails_is_told_before_the_run(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install(here, "bad", GOOD.replace("return 7", "open('ran', 'w')") + BAD_CAPTIONS)
    monkeypatch.syspath_prepend(here)
    graph = write(here, **chain("bad.seven"))
    code, out, error = in_process(capsys, "run", graph)
    assert (code, out) == (2, "")
    assert error == "error: noisegraph_captions of plugin 'bad' (dist-bad) failed: ValueError: no words\n"
    assert not (here / "ran").exists()


def test_a_text_in_any_script_stands_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png(numpy.zeros((2, 2), numpy.uint8), "record", {"parameters": "猫 é\nSteps: 1"}))
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.info["parameters"] == "猫 é\nSteps: 1"


def test_each_picture_has_the_seeds_of_its_place_in_the_batch() -> None:
    assert records("$a").seeds_of(0, "x", 3) == [[5], [6], [7]]
    changed = {"use": "t.changed", "image": "$a", "seed": 5}
    assert records("$b", b=changed).seeds_of(0, "x", 3) == [[5], [6], [7]]
    assert records("$b", b={**changed, "seed": 9}).seeds_of(0, "x", 3) == [[5, 9], [6, 10], [7, 11]]
    listed = {"use": "t.drawn", "seed": [4, 2], "batch": 2}
    assert records("$b", b=listed).seeds_of(0, "x", 2) == [[4], [2]]
    assert records("$b", b={**listed, "batch": 3}).seeds_of(0, "x", 3) == [[], [], []]


def test_where_pictures_may_not_be_those_of_the_batch_no_seed_is_told() -> None:
    assert records("$b", b={"use": "t.mixed", "images": ["$a"]}).seeds_of(0, "x", 3) == [[], [], []]
    assert records("$a").seeds_of(0, "x", 2) == [[], []]
