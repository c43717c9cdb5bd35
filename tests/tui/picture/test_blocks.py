"""Blocks: known pictures, proportions, and the time that a whole pane takes."""

from __future__ import annotations

import random
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from noisegraph.tui.picture.blocks import Pixels, fitted, halves, quadrants, shrunk
from textual.strip import Strip

from ..cost import least

BLACK, WHITE, RED = b"\0\0\0", b"\xff\xff\xff", b"\xff\0\0"


def colours(strip: Strip) -> list[tuple[str, str, str]]:
    """Text, foreground and background of each piece."""
    return [(piece.text, name(piece.style.color), name(piece.style.bgcolor)) for piece in strip if piece.style]


def name(colour: object) -> str:
    triplet = getattr(colour, "triplet", None)
    return triplet.hex if triplet else ""


def test_half_blocks_show_two_pixels_a_cell() -> None:
    picture = Pixels(2, 2, WHITE + RED + BLACK + RED)
    (strip,) = halves(picture, 2, 1)
    assert colours(strip) == [("▀", "#fcfcfc", "#000000"), (" ", "#000000", "#fc0000")]


@pytest.mark.parametrize(
    ("lit", "glyph"),
    [("0001", "▗"), ("0010", "▖"), ("0100", "▝"), ("1000", "▘"), ("1010", "▌"), ("1100", "▀"), ("1001", "▚"),
     ("0111", "▟")],
)  # fmt: skip
def test_quadrants_show_four_pixels_a_cell(lit: str, glyph: str) -> None:
    rgb = b"".join(WHITE if one == "1" else BLACK for one in lit)
    (strip,) = quadrants(Pixels(2, 2, rgb), 1, 1)
    assert colours(strip) == [(glyph, "#fcfcfc", "#000000")]


def test_quadrants_tell_colours_of_one_brightness_apart() -> None:
    red, green = bytes((200, 0, 0)), bytes((0, 80, 0))  # both of brightness 400
    (strip,) = quadrants(Pixels(2, 2, red + green + red + green), 1, 1)
    assert colours(strip) == [("▌", "#c80000", "#005000")]


def test_neighbours_of_the_same_colours_are_one_piece() -> None:
    (strip,) = quadrants(Pixels(8, 2, (BLACK + WHITE) * 8), 4, 1)
    assert colours(strip) == [("▐▐▐▐", "#fcfcfc", "#000000")]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 30), st.integers(1, 30))
def test_every_picture_fills_the_cells_it_is_given(width: int, height: int, columns: int, rows: int) -> None:
    picture = Pixels(width, height, random.Random(width).randbytes(3 * width * height))
    for draw in (halves, quadrants):
        strips = draw(picture, columns, rows)
        assert [strip.cell_length for strip in strips] == [columns] * rows
        assert [len(strip.text) for strip in strips] == [columns] * rows


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 200), st.integers(1, 100))
def test_pictures_fit_into_the_pane_and_touch_two_of_its_sides(
    width: int, height: int, columns: int, rows: int
) -> None:
    across, down = fitted(width, height, columns, rows)
    assert 1 <= across <= columns
    assert 1 <= down <= rows
    assert across == columns or down == rows


def test_a_square_picture_is_twice_as_many_columns_wide_as_rows_high() -> None:
    assert fitted(512, 512, 80, 24) == (48, 24)
    assert fitted(512, 256, 40, 24) == (40, 10)
    assert fitted(8, 8, 0, 5) == (0, 0)


def test_large_pictures_are_averaged() -> None:
    board = b"".join(WHITE if (x + y) % 2 else BLACK for y in range(8) for x in range(8))
    assert shrunk(Pixels(8, 8, board), 4, 4) == Pixels(4, 4, bytes([127]) * 48)
    tall = Pixels(1, 4, BLACK + RED + WHITE + WHITE)
    assert shrunk(tall, 1, 2) == Pixels(1, 2, bytes((127, 0, 0)) + WHITE)
    assert shrunk(tall, 3, 3) is tall


def test_a_pane_of_noise_takes_little_time_and_none_when_it_is_shown_again() -> None:
    noise = (Pixels(116, 68, random.Random(seed).randbytes(116 * 68 * 3)) for seed in count())
    new = least(lambda: quadrants(next(noise), 58, 34), 3)
    assert new < 0.25  # 40 ms on a machine of 2026: all colours are new
    known = next(noise)
    quadrants(known, 58, 34)
    assert least(lambda: quadrants(known, 58, 34)) < new
