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
_KINDS = (*_THINGS, "sky")
"""How the groups begin of those whose last word says what they are a kind of."""
_GENERIC = frozenset(("face", "button", "sign", "symbol", "person"))
"""Words that say little of what it is."""
_AS_CONSONANTS = ("one", "uni", "eu")
"""Beginnings that are spoken as none of a vowel."""
_APPEARANCES = 3
"""How many times people stand there, at the most: there are 2,000, the same in all tones of skin."""
_COLOURS = frozenset((*DYES, "white"))


def repeated(emoji: Sequence[Emoji], times: int) -> list[Emoji]:
    """The emoji, each so many times (people three at the most), in turn under its name and what people say for it."""
    return [
        one._replace(name=wording)
        for one in emoji
        for wording in islice(cycle(wordings(one)), min(times, _APPEARANCES) if _is_person(one) else times)
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
    if _is_person(one) and ": " in one.name:
        return list(dict.fromkeys([one.name, *_described(one.name)]))
    names = _without_article(one)
    return list(dict.fromkeys([*names[:1], _with_article(one.name), *names[1:], *map(_with_article, names[1:])]))


def _is_person(one: Emoji) -> bool:
    return one.group.startswith(_PEOPLE)


def _described(name: str) -> Iterator[str]:
    """A person with traits as a sentence has them: "woman: dark skin tone, red hair" has dark skin and red hair."""
    who, _, traits = name.partition(": ")
    told = [trait.removesuffix(" tone") for trait in traits.split(", ")]
    with_traits = " and ".join(_with_article(trait) if trait == "beard" else trait for trait in told)
    yield f"{who} with {with_traits}"
    young = " ".join({"woman": "girl", "man": "boy"}.get(word, word) for word in who.split(" "))
    yield _with_article(f"{young if 'hair' in traits else who} with {with_traits}")


def _without_article(one: Emoji) -> list[str]:
    plain = " ".join(_PLAIN.get(word, word) for word in one.name.split(" "))
    return list(dict.fromkeys([one.name, plain, *_kind(one), *_aliases(one)]))


def _kind(one: Emoji) -> Iterator[str]:
    """What its last word says that it is: of a crescent moon, "moon"."""
    words = one.name.split(" ")
    kind = words[-1] if words[-1] not in _GENERIC else words[0] if len(words) == 2 else ""
    if one.group.startswith(_KINDS) and len(words) > 1 and kind.isalpha():
        yield kind


def _without_colour(name: str) -> str:
    return " ".join(word for word in name.split(" ") if word not in _COLOURS)


def _aliases(one: Emoji) -> Iterator[str]:
    from emoji import EMOJI_DATA

    for alias in EMOJI_DATA.get(one.text, {}).get("alias", ()):
        words = alias.strip(":").replace("_", " ")
        if len(words) > 2 and not any(letter.isdigit() for letter in words):
            yield words


def _with_article(name: str) -> str:
    vowel = name[0].lower() in "aeiou" and not name.startswith(_AS_CONSONANTS)
    return f"{'an' if vowel else 'a'} {name}"
