"""Boxes: a known drawing, and what holds of every drawing."""

from __future__ import annotations

from textwrap import dedent

from hypothesis import given, settings
from hypothesis import strategies as st
from noisegraph.tui.graph.boxes import Boxes, boxes, glyph
from noisegraph.tui.graph.boxpage import BoxPage
from noisegraph.tui.graph.channel import Net, routed
from noisegraph.tui.graph.scene import Scene
from noisegraph.tui.outline import Outline
from noisegraph.tui.state.node import NodeState

from ..cost import least
from .drawings import graph, graphs, variants

_NORTH, _EAST, _SOUTH, _WEST = 1, 2, 4, 8
_STEPS = {_NORTH: (0, -1, _SOUTH), _EAST: (1, 0, _WEST), _SOUTH: (0, 1, _NORTH), _WEST: (-1, 0, _EAST)}


def drawn(outline: Outline, scene: Scene | None = None) -> str:
    scene = scene or Scene()
    page = BoxPage(outline)
    width, height = page.size(0)
    lines = ("".join(part.text for part in page.line(y, width, scene)).rstrip() for y in range(height))
    return "\n" + "\n".join(lines) + "\n"


def test_a_fork_is_drawn_with_a_line_for_each_value() -> None:
    states = {"side": NodeState("cached"), "out": NodeState("running", step=3, of=6)}
    assert drawn(graph(out="mid side", side="", mid="top", top=""), Scene(states)) == dedent("""
        ╭─ · top ───────╮  ╭─ · mid ───────╮
        │ test.node     ├──┤ p0            ├─╮  ╭─ ◐ out ───────╮
        ╰───────────────╯  ╰───────────────╯ ╰──┤ p0            │
                                             ╭──┤ p1            │
                           ╭─ ◆ side ──────╮ │  ╰━━━━━────── 3/6╯
                           │ test.node     ├─╯
                           ╰─ cached ──────╯
        """)


def test_a_line_that_passes_a_layer_is_drawn_through_it() -> None:
    assert drawn(graph(a="", b="a", c="b a")) == dedent("""
                             ╭─ · b ─────────╮
                          ╭──┤ p0            ├─╮  ╭─ · c ─────────╮
                          │  ╰───────────────╯ ╰──┤ p0            │
        ╭─ · a ─────────╮ │                    ╭──┤ p1            │
        │ test.node     ├─┴────────────────────╯  ╰───────────────╯
        ╰───────────────╯
        """)


def test_two_lines_that_change_places_go_round_each_other() -> None:
    tracks = routed([Net("a", 0, (4,)), Net("b", 4, (0,))])
    assert len(tracks) == 3
    assert [track.net.name for track in tracks if track.broken] in (["a"], ["b"])


@given(graphs(most=12))
@settings(max_examples=60, deadline=None)
def test_every_line_leads_from_its_source_to_the_ports_that_read_it_and_nowhere_else(outline: Outline) -> None:
    layout = boxes(outline)
    for name, card in layout.cards.items():
        reached = followed(layout, name, card.x + card.width - 1, card.y + 1)
        lines = layout.layers.drawn.lines
        wanted = {
            (reader, row) for reader, sources in lines.items() if name in sources
            for row in range(len(layout.layers.ports[reader])) if layout.layers.ports[reader][row] == name
        }  # fmt: skip
        assert reached == wanted


@given(graphs(most=12))
@settings(max_examples=60, deadline=None)
def test_no_two_lines_share_a_cell_but_where_they_cross(outline: Outline) -> None:
    layout = boxes(outline)
    inside = {
        (x, y) for card in layout.cards.values() for x in range(card.x + 1, card.x + card.width - 1)
        for y in range(card.y, card.y + card.height)
    }  # fmt: skip
    for y, row in layout.wires.items():
        for x, here in row.items():
            assert (x, y) not in inside
            if len(here) > 1:
                assert sorted(here.values()) == sorted([_NORTH | _SOUTH, _EAST | _WEST])
                assert glyph(here)[0] == "│"


@given(graphs(most=12))
@settings(max_examples=60, deadline=None)
def test_no_two_cards_overlap(outline: Outline) -> None:
    seen: set[tuple[int, int]] = set()
    for card in boxes(outline).cards.values():
        cells = {(x, y) for x in range(card.x, card.x + card.width) for y in range(card.y, card.y + card.height)}
        assert not cells & seen
        seen |= cells


@given(graphs(most=8, circles=True), st.integers(0, 80))
@settings(max_examples=40, deadline=None)
def test_every_row_is_as_wide_as_the_drawing_drafts_with_circles_too(outline: Outline, width: int) -> None:
    page = BoxPage(outline)
    across, height = page.size(width)
    for y in range(height):
        assert sum(len(part.text) for part in page.line(y, max(across, width), Scene())) == max(across, width)


def test_a_graph_five_times_as_large_takes_about_five_times_as_long() -> None:
    small, large = variants(22), variants(110)
    assert len(BoxPage(large).order) == 994
    spent = least(lambda: BoxPage(large), 3)
    assert spent < 15 * least(lambda: BoxPage(small))
    assert spent < 0.4  # 40 ms on a machine of 2026


def followed(layout: Boxes, name: str, x: int, y: int) -> set[tuple[str, int]]:
    """The ports that one reaches along a line, cell by cell."""
    lefts = {(card.x, card.y + 1 + row): (reader, row) for reader, card in layout.cards.items()
             for row in range(len(layout.layers.ports[reader]))}  # fmt: skip
    reached, seen, left = set(), {(x, y)}, [(x, y)]
    while left:
        here = left.pop()
        sides = layout.wires.get(here[1], {}).get(here[0], {}).get(name, 0)
        if here in lefts and here != (x, y):
            reached.add(lefts[here])
        for side, (across, down, back) in _STEPS.items():
            there = here[0] + across, here[1] + down
            if sides & side and there not in seen:
                assert layout.wires[there[1]][there[0]][name] & back
                seen.add(there)
                left.append(there)
    return reached
