"""Authoring by keys, on a fake worker: forms, boxes, wires, marks, sweeps, the user's editor."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from noisegraph.tui.app import NoisegraphApp
from noisegraph.tui.dialogs.batch import Batch
from noisegraph.tui.dialogs.picker import Picker
from noisegraph.tui.dialogs.prose import Prose
from noisegraph.tui.form.line_editor import LineEditor
from textual.pilot import Pilot

from .probe import app_on, at_once, screen_text, until

Play = Callable[[Pilot[int], NoisegraphApp], Awaitable[None]]


def drive(folder: Path, play: Play, *options: str, size: tuple[int, int] = (120, 40)) -> None:
    """Run the interface once the worker has told what nodes there are."""

    async def session() -> None:
        app = app_on(folder, *options)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.store.catalog.entries and app.main.inspector is not None)
            await play(pilot, app)

    asyncio.run(session())


def nodes(app: NoisegraphApp) -> Any:
    """The nodes of the graph that is open."""
    return app.store.document.data["nodes"]


async def select(pilot: Pilot[int], app: NoisegraphApp, node: str) -> None:
    """Go to a node, and to its form."""
    app.main.go_to_node(node)
    await pilot.pause()
    await pilot.press("enter")
    await until(pilot, lambda: app.focused is app.main.inspector is not None and app.main.inspector.node == node)


async def type_in(pilot: Pilot[int], text: str) -> None:
    """Type a text."""
    for letter in text:
        await pilot.press("space" if letter == " " else letter)


def test_a_number_is_edited_on_its_line_and_what_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await select(pilot, app, "first")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.focused, LineEditor))
        await type_in(pilot, "200")
        assert "value must be <= 100" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.focused, LineEditor)
        assert nodes(app)["first"]["value"] == 3
        await pilot.press("backspace", "ctrl+up", "enter")
        await until(pilot, lambda: nodes(app)["first"]["value"] == 21)
        assert app.store.document.dirty
        await pilot.press("u")
        await until(pilot, lambda: nodes(app)["first"]["value"] == 3)
        assert not app.store.document.dirty

    drive(tmp_path, play)


def test_escape_leaves_a_field_as_it_was(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await select(pilot, app, "first")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.focused, LineEditor))
        await pilot.press("9", "escape")
        await until(pilot, lambda: app.focused is app.main.inspector)
        assert nodes(app)["first"]["value"] == 3

    drive(tmp_path, play)


def test_plus_and_minus_step_and_backspace_takes_the_default(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await select(pilot, app, "first")
        await pilot.press("plus")
        await until(pilot, lambda: nodes(app)["first"]["value"] == 4)
        await pilot.press("minus", "ctrl+down")
        await until(pilot, lambda: nodes(app)["first"]["value"] <= 3)
        await pilot.press("backspace")
        await until(pilot, lambda: "value" not in nodes(app)["first"])

    drive(tmp_path, play)


def test_a_parameter_that_reads_an_input_edits_the_input(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await select(pilot, app, "second")
        assert "← seed" in screen_text(app)
        await pilot.press("plus")
        await until(pilot, lambda: app.store.document.data["inputs"]["seed"] == 2)
        assert nodes(app)["second"]["value"] == "$seed"
        await pilot.press("i")
        await until(pilot, lambda: app.main.inspector and app.main.inspector.node == "")
        await pilot.press("plus")
        await until(pilot, lambda: app.store.document.data["inputs"]["seed"] == 3)

    drive(tmp_path, play)


def test_a_parameter_becomes_an_input(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await select(pilot, app, "first")
        await pilot.press("asterisk")
        await until(pilot, lambda: app.store.document.data["inputs"] == {"seed": 1, "value": 3})
        assert nodes(app)["first"]["value"] == "$value"

    drive(tmp_path, play)


def test_one_key_edits_the_prompt_another_runs_it_and_it_is_remembered(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Prose))
        assert "about 5 tokens" in screen_text(app)
        await type_in(pilot, " red")
        await pilot.press("f5")
        await until(pilot, lambda: app.store.run is not None)
        assert nodes(app)["drawn"]["prompt"] == "a lighthouse at dusk red"
        assert "dusk red" in app.store.asked["0001"]["graph"]
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Prose))
        await pilot.press("ctrl+u")
        await type_in(pilot, "a boat")
        await pilot.press("enter")
        await until(pilot, lambda: nodes(app)["drawn"]["prompt"] == "a boat")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Prose))
        await pilot.press("alt+up")
        await pilot.pause()
        assert app.screen.query_one("#prose-text").text == "a lighthouse at dusk red"  # type: ignore[attr-defined]
        await pilot.press("alt+down", "escape")
        await pilot.pause()
        assert nodes(app)["drawn"]["prompt"] == "a boat"

    drive(tmp_path, play)


def test_what_is_typed_faster_than_a_box_opens_is_meant_for_it(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        for key in ("e", *"red", "enter", "j", "j", "j", "enter", "enter", *"50", "enter"):
            app.simulate_key(key)
        await until(pilot, lambda: nodes(app)["drawn"]["steps"] == 50)
        assert nodes(app)["drawn"]["prompt"] == "a lighthouse at duskred"

    drive(tmp_path, play)


def test_a_node_is_added_with_the_wires_that_it_needs(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        app.main.go_to_node("second")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Picker))
        await type_in(pilot, "draw")
        await pilot.press("enter")
        await until(pilot, lambda: "draw" in nodes(app))
        assert nodes(app)["draw"] == {"use": "probe.draw", "number": "$second"}
        assert list(nodes(app)) == ["first", "second", "draw", "drawn"]
        assert app.main.selected == "draw"

    drive(tmp_path, play)


def test_at_a_port_only_nodes_that_fit_are_offered_and_what_is_added_is_wired(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await select(pilot, app, "drawn")
        await pilot.press("G", "a")
        await until(pilot, lambda: isinstance(app.screen, Picker))
        await type_in(pilot, "probe")
        assert "probe.number" in screen_text(app)
        assert "probe.draw  " not in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: nodes(app)["drawn"]["number"] == "$number")
        await pilot.press("u")
        await until(pilot, lambda: "number" not in nodes(app))

    drive(tmp_path, play)


def test_only_outputs_that_fit_and_close_no_circle_are_offered(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        app.main.go_to_node("drawn")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Picker))
        await pilot.press("enter")
        await until(pilot, lambda: "drawn.number" in screen_text(app))
        offered = [one.value for one in app.screen._choices]  # type: ignore[attr-defined]
        assert sorted(offered) == ["first", "second"]
        await type_in(pilot, "second")
        await pilot.press("enter")
        await until(pilot, lambda: nodes(app)["drawn"]["number"] == "$second")

    drive(tmp_path, play)


def test_a_node_is_renamed_and_deleted_with_what_names_it(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        app.main.go_to_node("first")
        await pilot.press("f2")
        await pilot.pause()
        await pilot.press("ctrl+u")
        await type_in(pilot, "one")
        await pilot.press("enter")
        await until(pilot, lambda: nodes(app)["drawn"]["number"] == "$one")
        await until(pilot, lambda: app.main.selected == "one")
        await at_once(pilot, "d", "d")
        await until(pilot, lambda: "one" not in nodes(app))
        assert "number" not in nodes(app)["drawn"]
        await pilot.press("u")
        await until(pilot, lambda: nodes(app)["drawn"].get("number") == "$one")

    drive(tmp_path, play)


def test_muted_and_pinned_nodes_change_what_is_run_and_not_the_file(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        before = app.store.document.text
        app.main.go_to_node("second")
        await pilot.press("m")
        await until(pilot, lambda: app.store.states()["second"].kind == "muted")
        assert "second" not in json.loads(app.as_run())["nodes"]
        await pilot.press("m")
        await until(pilot, lambda: app.store.states()["second"].kind != "muted")
        await pilot.press("p")
        await pilot.pause()
        assert json.loads(app.as_run())["nodes"]["second"]["value"] == 1
        assert app.store.document.text == before
        app.main.go_to_node("first")
        await pilot.press("b")
        await until(pilot, lambda: "nothing to pass on" in screen_text(app))

    drive(tmp_path, play)


def test_runs_go_up_to_a_node_or_begin_at_one(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        app.main.go_to_node("first")
        await pilot.press("t", "T", "I", "r")
        await until(pilot, lambda: len(app.store.asked) + len(app.store.queue.entries) == 3)
        asked = [*app.store.asked.values(), *(entry.command for entry in app.store.queue.entries)]
        assert [(one.get("until"), one.get("fresh")) for one in asked] == [
            ("first", None),
            (None, ["first"]),
            (None, ["first"]),
        ]

    drive(tmp_path, play, "--seconds", "0.2")


def test_a_batch_counts_its_seeds_up_and_a_sweep_goes_through_a_parameter(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await pilot.press("B")
        await until(pilot, lambda: isinstance(app.screen, Batch))
        await pilot.press("2", "tab")
        await type_in(pilot, "drawn.steps = 4..8 step 2")
        assert "6 pictures" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: len(app.store.asked) + len(app.store.queue.entries) == 2)
        asked = [*app.store.asked.values(), *(entry.command for entry in app.store.queue.entries)]
        assert [one["sweep"] for one in asked] == [{"drawn-steps": [4, 6, 8]}] * 2
        assert all(json.loads(one["graph"])["nodes"]["drawn"]["steps"] == "$drawn-steps" for one in asked)
        assert nodes(app)["drawn"]["steps"] == 8

    drive(tmp_path, play, "--seconds", "0.2")


def test_the_whole_text_goes_through_the_users_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text("#!/bin/sh\nfor last; do :; done\nsed -i 's/dusk/dawn/' \"$last\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    monkeypatch.setattr(NoisegraphApp, "suspend", lambda self: contextlib.nullcontext())

    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await pilot.press("E")
        await until(pilot, lambda: nodes(app)["drawn"]["prompt"] == "a lighthouse at dawn")
        assert app.store.document.label == "edit the text"
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Prose))
        await type_in(pilot, " dusk")
        await pilot.press("ctrl+e")
        await until(pilot, lambda: "dawn dawn" in screen_text(app))

    drive(tmp_path, play)


def test_an_editor_that_fails_or_is_not_there_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor-here")
    monkeypatch.setattr(NoisegraphApp, "suspend", lambda self: contextlib.nullcontext())

    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await pilot.press("E")
        await until(pilot, lambda: "cannot start no-such-editor-here" in screen_text(app))
        monkeypatch.setenv("VISUAL", "false")
        await pilot.press("E")
        await until(pilot, lambda: "false ended with code 1" in screen_text(app))
        assert not app.store.document.dirty

    drive(tmp_path, play)


def test_a_graph_of_the_library_opens_as_a_template(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await pilot.press("ctrl+f")
        await until(pilot, lambda: isinstance(app.screen, Picker))
        await type_in(pilot, "switch")
        await pilot.press("enter")
        await until(pilot, lambda: app.store.document.name == "switch.json")
        assert app.store.document.path.parent == Path.cwd()
        assert app.store.document.stamp is None

    drive(tmp_path, play)


def test_node_seed_prompt_and_command_line_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(NoisegraphApp, "copy_to_clipboard", lambda self, text: copied.append(text))

    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        app.main.go_to_node("drawn")
        await pilot.pause()
        for pair in ("yy", "yp", "yc"):
            await at_once(pilot, *pair)
        await until(pilot, lambda: len(copied) == 3)
        assert copied[0].startswith('"drawn": {')
        assert copied[1] == "a lighthouse at dusk"
        assert copied[2].startswith("noisegraph run ")
        assert copied[2].endswith("lamp.json")

    drive(tmp_path, play)


def test_plugins_open_to_their_nodes_which_go_into_the_graph(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        await pilot.press("6")
        await until(pilot, lambda: "noisegraph-probe 1.0" in screen_text(app), 8)
        assert "no module named 'basicsr'" in screen_text(app)
        await pilot.press("enter", "j", "a")
        await until(pilot, lambda: "number" in nodes(app))
        await pilot.press("d")
        await until(pilot, lambda: "Give a number." in screen_text(app))
        await pilot.press("escape")

    drive(tmp_path, play)


def test_one_parameter_is_set_on_all_marked_nodes_and_undone_at_once(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        app.main.go_to_node("first")
        await pilot.press("space")
        app.main.go_to_node("second")
        await pilot.press("space", "equals_sign")
        await until(pilot, lambda: isinstance(app.screen, Picker))
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("ctrl+u", "9", "enter")
        await until(pilot, lambda: nodes(app)["first"]["value"] == nodes(app)["second"]["value"] == 9)
        await pilot.press("u")
        await until(pilot, lambda: nodes(app)["second"]["value"] == "$seed")

    drive(tmp_path, play)


def test_a_seed_that_counts_is_another_in_each_run(tmp_path: Path) -> None:
    async def play(pilot: Pilot[int], app: NoisegraphApp) -> None:
        app.store.policies = {("", "seed"): "increment"}
        await pilot.press("r", "r")
        await until(pilot, lambda: len(app.store.asked) + len(app.store.queue.entries) == 2)
        asked = [*app.store.asked.values(), *(entry.command for entry in app.store.queue.entries)]
        assert [json.loads(one["graph"])["inputs"]["seed"] for one in asked] == [1, 2]
        assert app.store.document.data["inputs"]["seed"] == 3

    drive(tmp_path, play, "--seconds", "0.2")
