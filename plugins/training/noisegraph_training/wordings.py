"""What people type for an emoji beside the name that Unicode gives it, and for one in another colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from .dyes import DYES, main_hue
from .emoji import Emoji, glyphs

_PEOPLE = ("person", "family", "hand", "body-parts")
_PLAIN = {
    "grinning": "happy",
    "smiling": "happy",
    "beaming": "happy",
    "frowning": "sad",
    "disappointed": "sad",
    "pouting": "angry",
    "automobile": "car",
    "bicycle": "bike",
    "airplane": "plane",
    "beverage": "drink",
    "deciduous": "green",
    "evergreen": "fir",
}
"""Everyday words for words of the list."""
_THINGS = (
    *("animal", "plant", "food", "drink", "dishware", "place-building"),
    *("transport-ground", "transport-air", "transport-water", "sport", "award", "clothing", "music"),
    *("light", "book", "mail", "lock", "tool", "household", "heart", "geometric"),
)
"""How the groups begin of what may have another colour."""
_COLOURS = frozenset((*DYES, "white"))


def repeated(emoji: Sequence[Emoji], times: int) -> list[Emoji]:
    """The emoji, those that show no person so many times: under their name, and in turn under what people say for it.

    There are 2,000 people, the same in all tones of skin: what else there is would be seen less than they are.
    """
    return [
        one._replace(name=wording)
        for one in emoji
        for wording in ([one.name] if one.group.startswith(_PEOPLE) else islice(cycle(wordings(one)), times))
    ]


def dyed(emoji: Sequence[Emoji]) -> Iterator[Emoji]:
    """The things among them that are of one colour which their name does not tell, once in each of nine colours.

    They teach what a colour is of: "blue car" from an automobile, which is red.
    """
    things = [one for one in emoji if one.group.startswith(_THINGS) and _COLOURS.isdisjoint(one.name.split())]
    for one, glyph in zip(things, glyphs(things), strict=True):
        if main_hue(glyph) is not None:
            names = list(dict.fromkeys(map(_without_colour, _without_article(one))))
            for colour, name in zip(DYES, cycle(names), strict=False):
                yield one._replace(name=f"{colour} {name}", colour=colour)


def wordings(one: Emoji) -> list[str]:
    """Its name, then other words for it, each once: with an article, in plain words, as messengers call it."""
    flag = one.name.removeprefix("flag: ") if one.name.startswith("flag: ") else ""
    if flag:
        return [one.name, f"flag of {flag}", f"{flag} flag"]
    names = _without_article(one)
    return list(dict.fromkeys([*names[:1], _with_article(one.name), *names[1:], *map(_with_article, names[1:])]))


def _without_article(one: Emoji) -> list[str]:
    plain = " ".join(_PLAIN.get(word, word) for word in one.name.split(" "))
    return list(dict.fromkeys([one.name, plain, *_aliases(one)]))


def _without_colour(name: str) -> str:
    return " ".join(word for word in name.split(" ") if word not in _COLOURS)


def _aliases(one: Emoji) -> Iterator[str]:
    from emoji import EMOJI_DATA

    for alias in EMOJI_DATA.get(one.text, {}).get("alias", ()):
        words = alias.strip(":").replace("_", " ")
        if len(words) > 2 and not any(letter.isdigit() for letter in words):
            yield words


def _with_article(name: str) -> str:
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
