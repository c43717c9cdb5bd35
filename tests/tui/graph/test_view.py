"""The graph on the screen: every key, the mouse, what is drawn when states change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from noisegraph.tui.graph.view import GraphView
from noisegraph.tui.outline import Item, Outline, Wire
from noisegraph.tui.state.node import GLYPHS, Kind, NodeState
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from ..cost import no_garbage
from .drawings import graph, variants

FORK = graph(out="mid side", side="", mid="top", top="")
"""Rows: top, mid, side, out."""


class Probe(App[None]):
    """Nothing but a graph; keeps what it was told."""

    CSS = "GraphView { border: round red; }"

    def __init__(self, outline: Outline) -> None:
        super().__init__()
        self.outline = outline
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield GraphView()

    def _on_mount(self) -> None:
        self.view.show(self.outline)
        self.view.focus()

    @property
    def view(self) -> GraphView:
        return self.query_one(GraphView)

    def _on_graph_view_selected(self, message: GraphView.Selected) -> None:
        self.told.append(message)

    def _on_graph_view_opened(self, message: GraphView.Opened) -> None:
        self.told.append(message)

    def _on_graph_view_altered(self, message: GraphView.Altered) -> None:
        self.told.append(message)

    def drawn(self) -> list[str]:
        height = self.view.scrollable_content_region.height
        return [self.view.render_line(line).text.rstrip() for line in range(height)]


def played(
    outline: Outline, act: Callable[[Probe, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (70, 12)
) -> None:
    """Do this with the graph on a screen of that size."""

    async def play() -> None:
        app = Probe(outline)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(play())


@pytest.mark.parametrize(
    ("keys", "node"),
    [
        ("j", "mid"), ("down", "mid"), ("j j k", "mid"), ("j up", "top"), ("G", "out"), ("end", "out"), ("G g", "top"),
        ("G home", "top"), ("l", "mid"), ("right right", "out"), ("G h", "mid"), ("G left", "mid"),
        ("G left_square_bracket", "mid"), ("G left_square_bracket left_square_bracket", "side"),
        ("G left_square_bracket left_square_bracket left_square_bracket", "mid"), ("right_square_bracket", "mid"),
        ("right_curly_bracket", "side"), ("right_curly_bracket right_curly_bracket", "out"),
        ("G left_curly_bracket", "side"), ("pagedown", "out"), ("G pageup", "top"), ("k", "top"), ("G j", "out"),
        ("slash s i enter", "side"), ("slash i enter n", "side"), ("slash i enter n N", "mid"),
    ],
)  # fmt: skip
def test_keys_lead_to_nodes(keys: str, node: str) -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press(*keys.split())
        await pilot.pause()
        assert app.view.selected == node
        selected = [message.node for message in app.told if isinstance(message, GraphView.Selected)]
        assert selected[-1] == node

    played(FORK, act)


def test_the_next_problem_is_found() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        app.view.states({"side": NodeState("failed", "no"), "top": NodeState("done")})
        await pilot.press("exclamation_mark")
        assert app.view.selected == "side"

    played(FORK, act)


def test_what_is_being_typed_to_find_stands_in_the_border_and_escape_takes_it_back() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("slash", "o", "x", "backspace")
        assert str(app.view.border_subtitle).startswith("/o▏  2 found")
        await pilot.press("escape")
        assert str(app.view.border_subtitle) == ""

    played(FORK, act)


def test_enter_and_a_double_click_open_the_node_and_a_click_selects_it() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await pilot.click(GraphView, offset=(12, 3))
        await pilot.pause()
        assert app.view.selected == "side"
        await pilot.click(GraphView, offset=(12, 2), times=2)
        await pilot.pause()
        assert [message.node for message in app.told if isinstance(message, GraphView.Opened)] == ["top", "mid"]

    played(FORK, act)


def test_space_marks_nodes_and_a_capital_v_marks_all_between() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("space", "j", "V")
        assert app.view.marked == {"top", "mid", "side"}
        assert "3 marked" in str(app.view.border_title)
        assert app.drawn()[0].startswith("•")
        await pilot.press("g", "space")
        assert app.view.marked == {"mid", "side"}

    played(FORK, act)


def test_the_row_tells_the_state_by_shape_and_word_and_a_loop_by_a_bar() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        states: dict[str, NodeState] = {
            "top": NodeState("cached"),
            "mid": NodeState("running", step=5, of=10),
            "out": NodeState("done", seconds=0.25),
        }
        app.view.states(states)
        await pilot.pause()
        assert [line[:20] + line[45:] for line in app.drawn()[:4]] == [
            "▌◆   top   test.node      cached",
            " ◐   mid   test.node      ━━━━━──────  5/10",
            " │ · side  test.node",
            " ●─╯ out   test.node      done 0.2 s",
        ]

    played(FORK, act)


@pytest.mark.parametrize("kind", GLYPHS)
def test_no_two_states_look_alike_without_colour(kind: Kind) -> None:
    assert [other for other in GLYPHS if GLYPHS[other] == GLYPHS[kind]] == [kind]


def test_a_table_shows_what_is_read_and_why() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        app.view.states({"mid": NodeState("stale", "top changed", seconds=2)})
        while app.view.way != "table":
            await pilot.press("v")
        await pilot.pause()
        head, *rows = app.drawn()
        assert head.split() == ["node", "type", "reads", "parameters", "state", "time"]
        assert rows[1].endswith("2.0 s")
        assert "top" in rows[1]
        assert "stale top changed" in rows[1]
        await pilot.press("v")
        assert app.view.way == "rails"

    played(FORK, act, (110, 12))


def test_a_fold_stands_for_its_nodes_and_counts_their_states() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        app.view.select("image_3")
        app.view.states({"image_1": NodeState("running"), "noise_1": NodeState("done"), "clip": NodeState("done")})
        await pilot.press("f")
        await pilot.pause()
        lines = [line for line in app.drawn() if "image_3" in line]
        assert len(lines) == 1
        assert "▸ +44  1◐ 1●" in lines[0]
        assert app.view.selected == "image_3"
        app.view.select("noise_1")
        assert app.view.selected == "image_3"
        await pilot.press("f")
        assert len(app.view._page.order) == 49

    played(variants(5), act, (80, 60))


def test_a_changed_graph_keeps_the_selection_or_takes_the_row() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("j")
        app.view.show(graph(new="", top="new", mid="top", out="mid"))
        assert app.view.selected == "mid"
        app.view.show(graph(new="", top="new", out="top"))
        assert app.view.selected == "out"
        app.view.show(Outline())
        assert app.view.selected == ""
        await pilot.press("j", "h", "left_square_bracket", "right_curly_bracket", "G", "f", "space", "enter", "n", "v")

    played(FORK, act)


def test_rails_take_two_fifths_at_most_and_follow_the_selected_node() -> None:
    items = {f"a{n}": Item(f"a{n}") for n in range(6)}
    items |= {f"b{n}": Item(f"b{n}", wires=tuple(Wire(f"p{k}", f"a{k}") for k in range(6))) for n in range(3)}

    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("j", "j", "j", "j", "j")
        await pilot.pause()
        assert app.view.selected == "a5"
        assert "·" in app.drawn()[5].split("a5")[0]
        assert app.drawn()[5].index("a5") <= 10

    played(Outline(items=items), act, (22, 12))


def test_the_graph_is_scrolled_so_that_the_node_is_seen() -> None:
    async def act(app: Probe, pilot: Pilot[None]) -> None:
        await pilot.press("G")
        await pilot.pause()
        assert any("sheet" in line and line.startswith("▌") for line in app.drawn())
        await pilot.press("g", "full_stop")
        await pilot.pause()
        assert app.drawn()[0].startswith("▌")

    played(variants(20), act)


def _cost_of_a_state(count: int) -> float:
    """The CPU seconds that it takes to show that one node is a step further, in the quieter half of many times."""
    spent = []

    async def act(app: Probe, pilot: Pilot[None]) -> None:
        states = dict.fromkeys(app.outline.items, NodeState("pending"))
        app.view.states(states)
        await pilot.pause()
        name = app.view._page.order[1]
        for step in range(40):
            states = {**states, name: NodeState("running", step=step, of=40)}
            began = time.process_time()
            app.view.states(states)
            await pilot.pause()
            spent.append(time.process_time() - began)

    with no_garbage():
        played(variants(count), act, (120, 40))
    return sorted(spent)[10]


def test_a_state_is_drawn_within_few_milliseconds_however_large_the_graph() -> None:
    small, large = _cost_of_a_state(1), _cost_of_a_state(110)
    assert large < 4 * small  # of 12 and 994 nodes
    assert large < 0.015  # 2 ms on a machine of 2026
