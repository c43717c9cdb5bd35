"""What people type for an emoji beside the name that Unicode gives it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from .emoji import Emoji

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


def repeated(emoji: Sequence[Emoji], times: int) -> list[Emoji]:
    """The emoji, those that show no person so many times: under their name, and in turn under what people say for it.

    There are 2,000 people, the same in all tones of skin: what else there is would be seen less than they are.
    """
    return [
        one._replace(name=wording)
        for one in emoji
        for wording in ([one.name] if one.group.startswith(_PEOPLE) else islice(cycle(wordings(one)), times))
    ]


def wordings(one: Emoji) -> list[str]:
    """Its name, then other words for it, each once: with an article, in plain words, as messengers call it."""
    flag = one.name.removeprefix("flag: ") if one.name.startswith("flag: ") else ""
    if flag:
        return [one.name, f"flag of {flag}", f"{flag} flag"]
    plain = " ".join(_PLAIN.get(word, word) for word in one.name.split(" "))
    names = [one.name, plain, *_aliases(one)]
    return list(dict.fromkeys([*names[:1], _with_article(one.name), *names[1:], *map(_with_article, names[1:])]))


def _aliases(one: Emoji) -> Iterator[str]:
    from emoji import EMOJI_DATA

    for alias in EMOJI_DATA.get(one.text, {}).get("alias", ()):
        words = alias.strip(":").replace("_", " ")
        if len(words) > 2 and not any(letter.isdigit() for letter in words):
            yield words


def _with_article(name: str) -> str:
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
