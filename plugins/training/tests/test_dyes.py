"""Pictures of one colour in another."""

from __future__ import annotations

import colorsys

import pytest
from noisegraph_training.dyes import DYES, in_colour, main_hue
from noisegraph_training.emoji import FONT, LIST, chosen
from noisegraph_training.wordings import dyed
from PIL import Image, ImageDraw

RED, DARK_RED, GREEN, BLUE, GREY = (220, 40, 30), (150, 20, 15), (30, 200, 40), (20, 60, 220), (60, 60, 60)


def car(*colours: tuple[int, int, int]) -> Image.Image:
    """A body in stripes of these colours, a grey wheel, on white."""
    picture = Image.new("RGB", (64, 64), "white")
    draw = ImageDraw.Draw(picture)
    height = 36 // len(colours)
    for number, colour in enumerate(colours):
        draw.rectangle((4, 9 + number * height, 60, 8 + (number + 1) * height), fill=colour)
    draw.ellipse((10, 46, 26, 62), fill=GREY)
    return picture


def at(picture: Image.Image, x: int, y: int) -> tuple[float, float, float]:
    """Hue in degrees, saturation and value."""
    red, green, blue = picture.crop((x, y, x + 1, y + 1)).tobytes()
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    return hue * 360, saturation, value


@pytest.mark.parametrize("colour", [name for name in DYES if name != "black"])
def test_the_main_colour_becomes_the_dye_and_keeps_its_shades(colour: str) -> None:
    made = in_colour(car(RED, DARK_RED), colour)
    light, dark = at(made, 30, 15), at(made, 30, 35)
    for hue, _, _ in (light, dark):
        assert abs((hue - DYES[colour].hue + 180) % 360 - 180) < 4
    assert light[2] > dark[2]


def test_paper_and_what_has_no_colour_stay() -> None:
    picture = car(RED, DARK_RED)
    made = in_colour(picture, "blue")
    assert made.getpixel((1, 1)) == (255, 255, 255)
    assert made.getpixel((18, 54)) == GREY
    assert made.getpixel((30, 15)) != picture.getpixel((30, 15))


def test_black_takes_the_colour_away() -> None:
    _, saturation, value = at(in_colour(car(RED, DARK_RED), "black"), 30, 15)
    assert saturation < 0.2
    assert value < 0.45


def test_what_has_three_colours_or_none_has_no_main_hue_and_stays_as_it_is() -> None:
    for picture in (car(RED, GREEN, BLUE), car(GREY), Image.new("RGB", (8, 8), "white")):
        assert main_hue(picture) is None
        assert in_colour(picture, "green").tobytes() == picture.tobytes()


@pytest.mark.skipif(not (FONT.exists() and LIST.exists()), reason="needs the packages that bring the emoji")
def test_things_of_one_colour_come_in_nine_and_people_faces_and_named_colours_do_not() -> None:
    names = {"automobile", "red apple", "grinning face", "woman astronaut", "rainbow", "fire engine"}
    made = list(dyed([one for one in chosen("all") if one.name in names]))
    engines = [one.name for one in made if one.text == "\N{FIRE ENGINE}"]
    assert [name.split()[0] for name in engines] == list(DYES)
    assert {name.partition(" ")[2] for name in engines} == {"fire engine", "engine"}
    assert {one.text for one in made} == {"\N{FIRE ENGINE}", "\N{AUTOMOBILE}"}
    cars = {one.name for one in made if one.text == "\N{AUTOMOBILE}"}
    assert cars <= {f"{colour} {word}" for colour in DYES for word in ("automobile", "car")}
    assert len(cars) == len(DYES)
