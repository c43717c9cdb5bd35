"""The results on the screen: every key, the mouse, the wall, the list, the comparison."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from noisegraph.tui.results.pane import ResultsPane
from noisegraph.tui.results.result import Result
from noisegraph.tui.results.store import Results
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from .made import pictured, result


class Probe(App[None]):
    """Nothing but results; does what it is told, and keeps it."""

    def __init__(self, path: Path, results: list[Result]) -> None:
        super().__init__()
        self.results = Results(path)
        self.results.append(results)
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield ResultsPane()

    def _on_mount(self) -> None:
        self.pane.show(self.results.all)
        self.pane.focus()

    @property
    def pane(self) -> ResultsPane:
        return self.query_one(ResultsPane)

    def _on_results_pane_recalled(self, message: ResultsPane.Recalled) -> None:
        self.told.append(message)

    def _on_results_pane_opened(self, message: ResultsPane.Opened) -> None:
        self.told.append(message)

    def _on_results_pane_starred(self, message: ResultsPane.Starred) -> None:
        self.results.star(message.number)
        self.pane.show(self.results.all)

    def _on_results_pane_trashed(self, message: ResultsPane.Trashed) -> None:
        self.results.trash([message.number], message.trashed)
        self.pane.show(self.results.all)

    def drawn(self) -> list[str]:
        return [self.pane.render_line(line).text for line in range(self.pane.size.height)]

    def meant(self) -> int:
        return self.pane.chosen.number if self.pane.chosen else 0


@pytest.fixture
def played(tmp_path: Path) -> Callable[..., None]:
    """Do something with results on a screen."""

    def play(
        act: Callable[[Probe, Pilot[None]], Awaitable[None]],
        size: tuple[int, int] = (120, 30),
        results: list[Result] | None = None,
    ) -> None:
        async def run() -> None:
            app = Probe(tmp_path / "results.jsonl", pictured(9) if results is None else results)
            async with app.run_test(size=size) as pilot:
                await pilot.pause()
                await act(app, pilot)

        asyncio.run(run())

    return play


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        ("", 9), ("l", 8), ("right left", 9), ("j", 5), ("down up", 9), ("end", 1), ("end home", 9), ("pagedown", 1),
        ("pagedown pageup", 9), ("L j j", 7), ("L j g", 8), ("h", 9), ("end l", 1),
    ],
)  # fmt: skip
def test_keys_lead_to_results(keys: str, number: int, played: Callable[..., None]) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press(*keys.split())
        assert app.meant() == number

    played(act)


@pytest.mark.parametrize(
    ("key", "what"),
    [("a", "all"), ("s", "seed"), ("p", "prompt"), ("r", "remix"), ("d", "size"), ("w", "graph")],
)
def test_letters_go_back_to_what_a_result_was_made_with(key: str, what: str, played: Callable[..., None]) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("l", key)
        assert [(one.result.number, one.what) for one in app.told if isinstance(one, ResultsPane.Recalled)] == [
            (8, what)
        ]

    played(act)


def test_stars_and_the_trash_and_its_undo(played: Callable[..., None]) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("l", "full_stop")
        await pilot.pause()
        assert any("★ #8" in line for line in app.drawn())
        await pilot.press("D", "D")
        await pilot.pause()
        assert [one.number for one in app.results.all] == [1, 2, 3, 4, 5, 6, 9]
        await pilot.press("u", "u", "u")
        await pilot.pause()
        assert [one.number for one in app.results.all] == list(range(1, 10))

    played(act)


def test_typing_filters_at_once_and_escape_shows_all(played: Callable[..., None]) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"seed", "colon", "4", "x", "backspace")
        assert app.meant() == 4
        assert app.drawn()[0].strip() == "1 of 9 results · filter: seed:4▏"
        await pilot.press("enter")
        assert app.drawn()[0].strip() == "1 of 9 results · filter: seed:4 (esc)"
        await pilot.press("escape")
        assert app.drawn()[0].strip() == "9 results"
        await pilot.press("slash", "q", "q")
        assert "Nothing fits" in app.drawn()[1]

    played(act)


def test_two_are_compared_side_by_side_wiped_and_by_parameters(played: Callable[..., None]) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("c", "l")
        lines = app.drawn()
        assert lines[0].strip() == "9 results · A #9 against B · m side"
        assert any("A #9" in line and "B #8" in line for line in lines[1:])
        assert any("Δ to A (#9): seed 9 → 8" in line for line in lines)
        assert any("first node that differs: noise" in line for line in lines)
        await pilot.press("m")
        assert any("A #9 │ B #8" in line for line in app.drawn())
        await pilot.press("m")
        row = next(line for line in app.drawn() if " seed " in line)
        assert row.split()[-3:] == ["seed", "9", "8"]
        await pilot.press("escape")
        assert app.drawn()[0].strip() == "9 results"

    played(act)


def test_details_show_every_parameter(played: Callable[..., None]) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("i")
        assert any("prompt a lighthouse at dawn" in line for line in app.drawn())
        assert any("steps 20" in line for line in app.drawn())
        await pilot.press("i")
        assert not any("steps 20" in line for line in app.drawn())

    played(act)


def test_a_list_tells_what_was_changed_and_what_failed(played: Callable[..., None]) -> None:
    results = [result(1), result(2, seed=5), replace(result(3, status="failed"), message="out of memory")]

    async def act(app: Probe, pilot: Pilot[None]) -> None:
        lines = [line.rstrip() for line in app.drawn()]
        assert lines[1].endswith("FAILED out of memory")
        assert lines[2].endswith("seed 1 → 5")
        assert lines[3].endswith("as before")

    played(act, (80, 6), results)


def test_a_narrow_pane_shows_one_result_alone_when_asked(played: Callable[..., None]) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        assert not any("#9 light.json" in line for line in app.drawn())
        await pilot.press("enter")
        assert any("#9 light.json" in line for line in app.drawn())
        await pilot.press("escape", "i")
        assert any("steps 20" in line for line in app.drawn())

    played(act, (60, 24))


def test_the_newest_is_followed_while_one_looks_at_the_newest(played: Callable[..., None]) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        app.results.append([replace(result(10))])
        app.pane.show(app.results.all)
        assert app.meant() == 10
        await pilot.press("l")
        app.results.append([replace(result(11))])
        app.pane.show(app.results.all)
        assert app.meant() == 9

    played(act)


def test_a_click_takes_a_result_and_a_file_is_opened(played: Callable[..., None]) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("o")
        await pilot.click(ResultsPane, offset=(20, 10))
        assert app.meant() == 4
        await pilot.press("o")
        assert [one.file for one in app.told if isinstance(one, ResultsPane.Opened)] == ["four.png"]

    results = [replace(one, file="four.png" if one.number == 4 else "") for one in pictured(9)]
    played(act, results=results)


@pytest.mark.parametrize("size", [(120, 30), (80, 24), (40, 12), (20, 3), (5, 1), (200, 60), (90, 9)])
@pytest.mark.parametrize("count", [0, 1, 9])
def test_every_line_fills_the_pane_whatever_is_shown(
    size: tuple[int, int], count: int, played: Callable[..., None]
) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        for key in ("home", "c", "l", "m", "m", "i", "enter", "L", "slash", "z", "escape", "escape", "escape"):
            await pilot.press(key)
            assert {len(line) for line in app.drawn()} == {size[0]}

    played(act, size, pictured(count))
