"""Rails: known drawings, and what holds of every drawing."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st
from noisegraph.tui.graph.order import post_order
from noisegraph.tui.graph.rails import NODE, Rails, cells, rails, text, traced
from noisegraph.tui.outline import Outline

from ..cost import least
from .drawings import graph, graphs, variants


def drawn(outline: Outline, hub: int | None = None) -> str:
    return "\n" + text(rails(outline, hub)) + "\n"


def test_a_chain_is_one_lane() -> None:
    assert drawn(graph(a="", b="a", c="b")) == dedent("""
        ●  a
        ●  b
        ●  c
        """)


def test_the_deepest_input_is_drawn_first_and_lines_end_where_they_are_last_read() -> None:
    assert drawn(graph(out="mid side", side="", mid="top", top="")) == dedent("""
        ●    top
        ●    mid
        │ ●  side
        ●─╯  out
        """)


def test_a_line_crosses_a_lane_without_touching_it_and_joins_what_it_reads() -> None:
    assert drawn(graph(a="", b="", c="", left="a c", end="b left a")) == dedent("""
        ●      a
        │ ●    c
        ├─●    left
        │ │ ●  b
        ●─┴─╯  end
        """)
    assert drawn(graph(a="", b="", c="", x="a c", y="x b a", z="y b")) == dedent("""
        ●      a
        │ ●    c
        ├─●    x
        │ │ ●  b
        ●─┴─┤  y
        ●───╯  z
        """)


def test_nodes_without_a_wire_between_them_never_stand_straight_below_one_another() -> None:
    assert drawn(graph(a="", b="", c="")) == dedent("""
        ●    a
          ●  b
        ●    c
        """)


def test_a_value_with_many_readers_is_named_where_it_is_read() -> None:
    assert drawn(graph(m="", a="m", b="m", c="m", d="a b c m"), hub=4) == dedent("""
        ●      m
          ●    a ⟵ m
        ● │    b ⟵ m
        │ │ ●  c ⟵ m
        ●─┴─╯  d ⟵ m
        """)


def test_a_draft_with_a_circle_is_drawn_with_one_wire_named() -> None:
    assert drawn(graph(a="c", b="a", c="b")) == dedent("""
        ●  b ⟵ a
        ●  c
        ●  a
        """)


def test_a_large_sweep_needs_few_lanes() -> None:
    layout = rails(variants(110))
    assert len(layout.rows) == 994
    assert layout.width <= 7


def test_a_graph_five_times_as_large_takes_about_five_times_as_long() -> None:
    small, large = variants(22), variants(110)
    spent = least(lambda: rails(large))
    assert spent < 15 * least(lambda: rails(small))
    assert spent < 0.1  # 8 ms on a machine of 2026


@given(graphs(), st.sampled_from([3, 100]))
def test_every_line_can_be_followed_from_its_source_to_its_reader(outline: Outline, hub: int) -> None:
    layout = rails(outline, hub)
    seen = {(source, row.node) for row in layout.rows for source in followed(layout, row.node)}
    named = {(wire.source, row.node) for row in layout.rows for wire in row.chips}
    assert seen | named == {(wire.source, reader) for reader, wire in outline.edges()}
    assert seen & named == set()


@given(graphs(circles=True))
def test_drafts_with_circles_show_every_wire_once(outline: Outline) -> None:
    layout = rails(outline)
    seen = {(source, row.node) for row in layout.rows for source in followed(layout, row.node)}
    named = {(wire.source, row.node) for row in layout.rows for wire in row.chips}
    assert seen | named == {(wire.source, reader) for reader, wire in outline.edges()}


@given(graphs())
def test_no_two_values_share_a_cell(outline: Outline) -> None:
    layout = rails(outline, 100)
    for number, row in enumerate(layout.rows):
        held = [lane for lane in row.above if lane]
        assert len(held) == len(set(held))
        assert row.below == (layout.rows[number + 1].above if number + 1 < len(layout.rows) else ())
        line = cells(row)
        assert [cell.owner for cell in line[::2]].count(row.node) >= 1
        for lane, source in enumerate(row.above):
            if source and lane != row.lane:
                assert line[2 * lane].owner == source


@given(graphs())
def test_what_stands_straight_above_a_node_is_what_it_reads(outline: Outline) -> None:
    layout = rails(outline, 100)
    for over, row in zip(layout.rows, layout.rows[1:], strict=False):
        if over.lane == row.lane:
            assert over.node in layout.lines[row.node]


@given(graphs())
def test_what_is_lit_for_a_node_leads_to_all_that_it_reads_and_all_that_read_it(outline: Outline) -> None:
    layout = rails(outline, 100)
    for name in layout.index:
        lit = traced(layout, name)
        own = {row for row, columns in lit.items() if True in columns.values()}
        reads = {row for row, columns in lit.items() if False in columns.values()}
        for reader in layout.readers[name]:
            below, end = layout.index[name] + 1, layout.index[reader]
            straight = layout.rows[end].lane == layout.rows[below - 1].lane
            assert set(range(below, end if straight else end + 1)) <= own
        for source in layout.lines[name]:
            assert set(range(layout.index[source] + 1, layout.index[name])) <= reads


@given(graphs())
def test_the_order_puts_every_node_below_what_it_reads(outline: Outline) -> None:
    inputs = {name: [wire.source for wire in item.wires] for name, item in outline.items.items()}
    place = {name: index for index, name in enumerate(post_order(inputs))}
    assert sorted(place) == sorted(inputs)
    assert all(place[source] < place[name] for name, found in inputs.items() for source in found)


def followed(layout: Rails, name: str) -> Iterator[str]:
    """Go along the lines of the drawing from a node to what it reads, by the characters alone."""
    grid = [[cell.text for cell in cells(row)] for row in layout.rows]
    start = layout.index[name]

    def at(row: int, column: int) -> str:
        return grid[row][column] if 0 <= column < len(grid[row]) else " "

    def up(row: int, column: int) -> str:
        while at(row, column) in ("│", "├", "┤", "┼"):
            row -= 1
        assert at(row, column) == NODE
        return layout.rows[row].node

    home = 2 * layout.rows[start].lane
    if start and (at(start - 1, home) in ("│", "├", "┤", "┼", NODE)):
        yield up(start - 1, home)
    for way in (-1, 1):
        column = home + way
        while at(start, column) != " ":
            if at(start, column) in ("├", "┤", "┼", "╰", "╯", "┴"):
                yield up(start - 1, column)
                assert at(start, column) != ("╰" if way > 0 else "╯"), "a line bends away from its reader"
            if at(start, column) in (("╰", "├") if way < 0 else ("╯", "┤")):
                break
            column += way


@pytest.mark.parametrize("hub", [3, 100])
def test_an_empty_graph_is_drawn_as_nothing(hub: int) -> None:
    assert text(rails(Outline(), hub)) == ""
