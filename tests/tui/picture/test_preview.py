"""The preview: the newest picture, winding back, the film below, what it tells."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from noisegraph.tui.picture.blocks import Pixels
from noisegraph.tui.picture.preview import Preview
from noisegraph.tui.picture.reel import MOST, Frame, Reel
from PIL import Image
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.message import Message
from textual.pilot import Pilot

GREY = Pixels(2, 2, bytes([100]) * 12)


class Probe(App[None]):
    """Nothing but a preview; keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Preview()

    def _on_mount(self) -> None:
        self.preview.focus()

    @property
    def preview(self) -> Preview:
        return self.query_one(Preview)

    def _on_preview_chosen(self, message: Preview.Chosen) -> None:
        self.told.append(message)

    def _on_preview_opened(self, message: Preview.Opened) -> None:
        self.told.append(message)

    def drawn(self) -> list[str]:
        return [self.preview.render_line(line).text for line in range(self.preview.size.height)]


def played(act: Callable[[Probe, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (40, 20)) -> None:
    """Do this with a preview on a screen of that size."""

    async def play() -> None:
        app = Probe()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(play())


def steps(app: Probe, *numbers: int, of: int = 9) -> None:
    for step in numbers:
        app.preview.show(2, 2, bytes([10 * step]) * 6 + bytes([255]) * 6, step, of)


def test_the_newest_step_is_shown_until_one_winds_back() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        steps(app, 1, 2, 3)
        assert str(app.preview.border_title) == "[2] Preview · step 3/9 · 2 x 2"
        await pilot.press("left", "h")
        assert str(app.preview.border_title) == "[2] Preview · step 1/9 · 2 x 2"
        assert "from here" in str(app.preview.border_subtitle)
        steps(app, 4)
        assert "step 1/9" in str(app.preview.border_title)
        await pilot.press("l", "enter", "end")
        assert str(app.preview.border_title) == "[2] Preview · step 4/9 · 2 x 2"
        await pilot.press("g")
        assert "step 1/9" in str(app.preview.border_title)
        assert app.told == [Preview.Chosen("", 2, 9)]

    played(act)


def test_a_result_ends_the_film_and_can_be_opened() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        steps(app, 1, 2)
        await pilot.press("o")
        app.preview.show(*GREY, file="a.png")
        await pilot.press("o", "enter")
        assert str(app.preview.border_title) == "[2] Preview · 2 x 2"
        assert app.drawn()[-1].split() == ["1", "2", "end"]
        assert app.told == [Preview.Opened("a.png")]

    played(act)


def test_a_click_on_the_film_winds_to_the_step() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        steps(app, *range(1, 10))
        await pilot.pause()
        number = app.drawn()[-1].split()[0]
        await pilot.click(Preview, offset=(app.drawn()[-1].index(number), 19))
        assert f"step {number}/9" in str(app.preview.border_title)

    played(act)


def test_a_low_pane_has_a_line_of_dots_and_a_flat_one_the_picture_alone() -> None:
    async def dots(app: Probe, pilot: Pilot[None]) -> None:
        steps(app, 1, 2, 3)
        await pilot.press("left")
        assert app.drawn()[-1].strip() == "·●·"

    async def bare(app: Probe, pilot: Pilot[None]) -> None:
        steps(app, 1, 2, 3)
        assert not any("·" in line for line in app.drawn())

    played(dots, (40, 8))
    played(bare, (10, 3))


def test_every_line_fills_the_pane_whatever_its_size() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        assert any("no picture yet" in line for line in app.drawn()) or app.size.width < 14
        steps(app, 1, 2, 3, 4, 5, 6, 7)
        assert {len(line) for line in app.drawn()} == {app.size.width}

    for size in ((40, 20), (7, 20), (1, 1), (80, 2), (13, 15), (200, 60)):
        played(act, size)


def test_damaged_pictures_are_not_shown() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        app.preview.show(2, 2, b"short", 1, 2)
        app.preview.show(0, 0, b"", 1, 2)
        assert app.preview.reel == Reel()

    played(act)


def test_a_step_before_the_last_begins_a_new_reel_and_the_same_step_replaces() -> None:
    reel = Reel().add(Frame(GREY, 1, 5)).add(Frame(GREY, 2, 5)).add(Frame(GREY, 2, 5))
    assert [frame.step for frame in reel.frames] == [1, 2]
    assert [frame.step for frame in reel.add(Frame(GREY, 1, 5)).frames] == [1]
    ended = reel.add(Frame(GREY))
    assert [frame.step for frame in ended.frames] == [1, 2, 0]
    assert [frame.step for frame in ended.add(Frame(GREY, 3, 5)).frames] == [3]


def test_a_long_reel_is_thinned_out_but_keeps_its_ends_and_where_one_looks() -> None:
    reel = Reel()
    for step in range(1, MOST + 1):
        reel = reel.add(Frame(GREY, step, 200))
    reel = reel.wind(-30)
    looked_at = reel.frames[reel.index].step
    for step in range(MOST + 1, 200):
        reel = reel.add(Frame(GREY, step, 200))
        assert len(reel.frames) <= MOST
    assert (reel.frames[0].step, reel.frames[-1].step) == (1, 199)
    assert reel.frames[reel.index].step == looked_at


def test_a_result_is_read_from_its_file_where_that_is_here(tmp_path: Path) -> None:
    file = tmp_path / "large.png"
    Image.new("RGB", (600, 300), (200, 0, 0)).save(file)

    async def act(app: Probe, pilot: Pilot[None]) -> None:
        app.preview.show(*GREY, file=str(file))
        app.preview.show(*GREY, file=str(tmp_path / "gone.png"))
        await app.workers.wait_for_complete()
        await pilot.pause()
        sizes = [(frame.picture.width, frame.picture.height) for frame in app.preview.reel.frames]
        assert sizes == [(240, 120), (2, 2)]

    played(act)


def test_kitty_is_sent_a_result_once_and_shown_its_placeholders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "result.png"
    file.write_bytes(random.Random(0).randbytes(10_000))
    written: list[str] = []
    monkeypatch.setattr(HeadlessDriver, "write", lambda self, data: written.append(data))

    async def act(app: Probe, pilot: Pilot[None]) -> None:
        app.preview.graphics = "kitty"
        steps(app, 1, 2)
        app.preview.show(*GREY, file=str(file))
        lines = app.drawn()
        told = [part for part in written if part.startswith("\x1b_G")]
        assert told[0].startswith("\x1b_Ga=T,U=1,f=100,i=1,c=30,r=15,q=2,m=1;")
        assert [part.partition(";")[0] for part in told[1:]] == ["\x1b_Gq=2,m=1"] * 2 + ["\x1b_Gq=2,m=0"]
        data = "".join(part.partition(";")[2].removesuffix("\x1b\\") for part in told)
        assert base64.b64decode(data) == file.read_bytes()
        assert lines[0].strip() == "\U0010eeee\u0305\u0305" + "\U0010eeee" * 29
        assert lines[1].strip()[1] == "\u030d"
        await pilot.press("left", "right")
        assert app.drawn() == lines
        assert len([part for part in written if part.startswith("\x1b_G")]) == len(told)
        await pilot.resize_terminal(60, 30)
        await pilot.pause()
        app.drawn()
        assert "\x1b_Ga=d,d=I,i=1,q=2\x1b\\" in written

    played(act)


def test_without_graphics_a_picture_is_told_in_words() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        app.preview.graphics = "none"
        steps(app, 3)
        assert [line.strip() for line in app.drawn() if line.strip()] == ["step 3/9 · 2 x 2"]

    played(act)
