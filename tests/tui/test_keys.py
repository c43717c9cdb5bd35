"""Every key: it has an id, help, a place in the palette, and can be another; a monkey presses two thousand of them."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from noisegraph.tui.app import NoisegraphApp
from noisegraph.tui.commands.table import CHORDS, COMMANDS
from noisegraph.tui.help.palette import Everything
from noisegraph.tui.help.screen import topics
from noisegraph.tui.keys.chords import Chords, Count
from noisegraph.tui.keys.footer import MOST, KeyFooter
from noisegraph.tui.keys.hearing import Hearing
from noisegraph.tui.keys.keymap import read_keymap
from noisegraph.tui.theme import THEMES
from textual.binding import Binding
from textual.events import Key
from textual.pilot import Pilot
from textual.widget import Widget

from .cost import no_garbage
from .probe import app_on, at_once, drive, screen_text, until

PANES = ("1", "2", "3", "4", "5", "6", "7", "0")
KEYS = [*"abcdefghijklmnopqrstuvwxyzABDGIJKLNPRSTVEX0123456789!/.[]{}=*+-?", "enter", "escape", "tab", "shift+tab",
        "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "space", "backspace", "delete",
        "f1", "f5", "f6", "f7", "f8", "f11", "ctrl+p", "ctrl+o", "ctrl+z", "ctrl+y", "ctrl+t"]  # fmt: skip
"""What the monkey presses: all but what leaves, writes files, or starts other programs."""
OUTSIDE = {"E", "o", "f4"}


def bound(widget: Widget) -> Iterator[Binding]:
    """The bindings that noisegraph's own classes bring, not those of Textual's."""
    ours = [kind for kind in type(widget).__mro__ if kind.__module__.startswith("noisegraph.")]
    yield from Binding.make_bindings([one for kind in ours for one in vars(kind).get("BINDINGS", ())])


async def every_pane(app: NoisegraphApp, pilot: Pilot[int]) -> list[Widget]:
    """All panes, opened."""
    for key in PANES:
        await pilot.press(key)
        await pilot.pause()
    await pilot.press("1")
    return [one for one in app.main.walk_children() if isinstance(one, Widget)]


def test_every_binding_has_an_id_a_description_and_an_action_that_there_is(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        for widget in await every_pane(app, pilot):
            for binding in bound(widget):
                place = f"{type(widget).__name__}: {binding.key}"
                assert binding.id, place
                assert binding.description, place
                name = binding.action.partition("(")[0].rpartition(".")[2]
                owner = app if binding.action.startswith("app.") else widget
                assert any(hasattr(owner, f"{under}action_{name}") for under in ("", "_")), place
        for _, binding in app._bindings:
            assert binding.id or binding.system or binding.key in ("ctrl+c", app.COMMAND_PALETTE_BINDING), binding

    drive(app, play)


def test_every_command_and_every_key_of_a_pane_is_in_the_palette(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        panes = await every_pane(app, pilot)
        found = {one.name for one in Everything(app.screen)._all()}
        for command in COMMANDS.values():
            assert any(name.startswith(f"{command.word}  ") for name in found), command.id
        for widget in panes:
            if widget.can_focus and widget.id:
                for binding in bound(widget):
                    assert any(name.startswith(f"{widget.id}: {binding.description}  ") for name in found), binding
        for expected in ("node drawn", "open digit", "theme light"):
            assert expected in found

    drive(app, play)


def test_the_palette_finds_runs_what_it_finds_and_shows_its_key(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("ctrl+p", *"node drawn")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await until(pilot, lambda: app.main.selected == "drawn")

    drive(app, play)


def test_help_tells_what_can_be_done_here_and_why_something_cannot(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        told = list(topics(app.screen, {"run.cancel": "nothing runs"}))
        assert told[0].told == "Here: graph"
        assert {one.name for one in told if one.name} >= COMMANDS.keys()
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Here: graph" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.focused is app.main.graph

    drive(app, play)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_footer_shows_ten_keys_at_most_none_cut_and_follows_the_focus(width: int, tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        shown = []
        for key in ("1", "5", "3"):
            await pilot.press(key)
            await pilot.pause()
            footer = app.main.query_one(KeyFooter)
            hints = footer._fitting()
            assert len(hints) <= MOST
            assert sum(hint.width for hint in hints) <= width
            assert {"Palette", "Help"} <= {hint.word for hint in hints}
            shown.append([hint.word for hint in hints])
        assert shown[0] != shown[1] != shown[2]

    drive(app, play, (width, 24))


def test_a_click_on_the_footer_does_what_its_key_does(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        footer = app.main.query_one(KeyFooter)
        hints = footer._fitting()
        at = sum(hint.width for hint in hints[: [hint.word for hint in hints].index("Run")])
        await pilot.click(KeyFooter, offset=(at + 2, 0))
        await until(pilot, lambda: app.store.run is not None)

    drive(app, play)


def test_the_users_keys_take_the_place_of_ours_and_wrong_ones_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    monkeypatch.setenv("NOISEGRAPH_CONFIG", str(config))
    keys = {"run.start": "ctrl+g", "graph.down": "t", "node.delete": "qq", "run.stat": "y"}
    (config / "keys.json").write_text(json.dumps(keys))
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        before = app.main.selected
        await pilot.press("t")
        await pilot.pause()
        assert app.main.selected != before
        await pilot.press("r")
        await pilot.pause()
        assert app.store.run is None
        count = len(app.store.document.outline.items)
        await at_once(pilot, "q", "q")
        await pilot.pause()
        assert len(app.store.document.outline.items) == count - 1
        await pilot.press("ctrl+g")
        await until(pilot, lambda: app.store.run is not None)
        told = "\n".join(line.text for line in app.main.bottom.ring.lines)
        assert "no command 'run.stat'; did you mean 'run.start'?" in told

    drive(app, play)


def test_a_keymap_that_is_no_object_or_no_json_is_told(tmp_path: Path) -> None:
    assert read_keymap(tmp_path / "none.json", ()).problems == ()
    for text in ("[]", "{", '{"a": 1}'):
        (tmp_path / "keys.json").write_text(text)
        assert len(read_keymap(tmp_path / "keys.json", ["a"]).problems) == 1


def test_two_letters_are_one_command_and_a_letter_alone_another() -> None:
    now = [0.0]
    chords = Chords({"dd": "node.delete", "za": "graph.fold_chord"}, lambda: now[0])
    chords.begin("d")
    assert chords.end("d") == "node.delete"
    chords.begin("z")
    assert chords.end("d") == ""
    chords.begin("d")
    now[0] += 10
    assert chords.end("d") == ""
    assert chords.firsts == {"d", "z"}
    assert {chord for chords in CHORDS.values() for chord in chords} >= {"dd", "za", "yy"}


def test_a_letter_that_was_meant_alone_acts_before_the_next_key_though_nobody_told_that_the_time_was_over() -> None:
    done: list[str] = []
    hearing = Hearing({"za": "fold", "dd": "delete"}, {"z": "zoom"}, done.append)
    for at, key in ((0.0, "z"), (10.0, "d"), (10.1, "d"), (20.0, "z"), (30.0, "z"), (30.1, "a")):
        hearing.at = at
        assert hearing.hear(key)
    assert done == ["zoom", "delete", "zoom", "fold"]
    hearing.expire(40.0)
    assert done[4:] == []


def test_a_count_is_what_was_pressed_a_moment_before_and_counts_once() -> None:
    now = [0.0]
    count = Count(lambda: now[0])
    count.press("1")
    count.press("2")
    assert (count.take(), count.take()) == (12, 1)
    count.press("5")
    now[0] += 10
    assert count.take() == 1


def test_a_digit_after_another_key_begins_another_number() -> None:
    hearing = Hearing({}, {}, lambda name: None)
    for key in ("4", "slash", "1"):
        hearing.hear(key)
    assert hearing.count.take() == 1
    for key in ("1", "2", "d"):
        hearing.hear(key)
    assert hearing.count.take() == 12


def test_z_gives_a_pane_the_screen_and_escape_takes_it_back(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("5", "z")
        await until(pilot, lambda: app.main.maximized is not None)
        assert app.main.maximized is app.main.pane("log")
        await pilot.press("escape")
        await pilot.pause()
        assert app.main.maximized is None

    drive(app, play)


def test_keys_typed_while_a_pane_is_gone_to_are_meant_for_it(tmp_path: Path) -> None:
    app = app_on(tmp_path, "--seconds", "0.2", "--steps", "50")

    async def play(pilot: Pilot[int]) -> None:
        for _ in range(3):
            app.act("run.start")
        await until(pilot, lambda: len(app.store.queue) == 2)
        app.act("pane.queue")
        for key in "jjK":
            app.simulate_key(key)
        await until(pilot, lambda: [entry.id for entry in app.store.queue.entries] == ["0003", "0002"])

    drive(app, play)


def test_warnings_are_logged_in_every_theme_and_any_text_can_be_filtered_for(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("5")
        for theme in THEMES:
            app.take_theme(theme.name)
            app.tell("it burns [/", "error")
            app.tell("it smells", "warn")
            await pilot.pause()
            assert "it smells" in screen_text(app)
        await pilot.press("f")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("left_square_bracket", "slash", "enter")
        await until(pilot, lambda: "it smells" not in screen_text(app))
        assert "it burns [/" in screen_text(app)

    drive(app, play)


def test_a_letter_leads_to_a_pane(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("ctrl+o")
        await pilot.pause()
        names = list(app.main.in_sight())
        await pilot.press("asdfghjkl"[names.index("queue")])
        await until(pilot, lambda: app.focused is app.main.pane("queue"))

    drive(app, play)


def test_a_key_that_comes_when_the_app_is_closed_is_nobodys(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await pilot.pause()

    drive(app, play)
    assert not app.screen_stack
    asyncio.run(app.on_event(Key("j", "j")))


@pytest.mark.parametrize("count", [120, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_monkey_breaks_nothing_and_holds_nothing_up(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # it may write files, of any name
    began = time.thread_time()
    app = app_on(tmp_path, "--seconds", "0.005", "--steps", "20")
    keys = random.Random(count).choices([key for key in KEYS if key not in OUTSIDE], k=count)

    async def play(pilot: Pilot[int]) -> None:
        start, longest = time.thread_time() - began, 0.0
        for key in keys:
            before = time.thread_time()
            app.simulate_key(key)
            await asyncio.sleep(0)
            await pilot._wait_for_screen()
            longest = max(longest, time.thread_time() - before)
        assert app.is_running
        assert longest < max(0.6, 6 * start)  # on a quiet machine of 2026 both take about 0.1 s

    with no_garbage():
        drive(app, play)
