"""Emoji under other words than their names."""

from __future__ import annotations

import pytest
from noisegraph_training.emoji import Emoji
from noisegraph_training.wordings import repeated, wordings


def test_what_shows_no_person_stands_several_times_in_turn_under_its_wordings() -> None:
    cook, fist = Emoji("", "cook", "person-role"), Emoji("", "fist", "hands")
    heart, face = Emoji("", "red heart", "heart"), Emoji("", "hugging face", "face-hand")
    names = [one.name for one in repeated([cook, heart, fist, face], 3)]
    assert names == [
        "cook",
        "red heart",
        "a red heart",
        "red heart",
        "fist",
        *["hugging face", "a hugging face"] * 1,
        "hugging face",
    ]
    assert repeated([cook, heart], 1) == [cook, heart]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (
            Emoji("\N{AUTOMOBILE}", "automobile", "transport-ground"),
            ["automobile", "an automobile", "car", "red car", "a car", "a red car"],
        ),
        (
            Emoji("\N{GRINNING FACE}", "grinning face", "face-smiling"),
            ["grinning face", "a grinning face", "happy face"],
        ),
        (Emoji("\N{BLUE HEART}", "blue heart", "heart"), ["blue heart", "a blue heart"]),
        (Emoji("", "flag: Japan", "country-flag"), ["flag: Japan", "flag of Japan", "Japan flag"]),
    ],
    ids=lambda value: value.name if isinstance(value, Emoji) else "",
)
def test_the_name_comes_first_and_each_wording_once(one: Emoji, expected: list[str]) -> None:
    found = wordings(one)
    assert found[: len(expected)] == expected
    assert len(set(found)) == len(found)


def test_what_messengers_call_by_a_number_is_left_out() -> None:
    assert not any("1" in said for said in wordings(Emoji("\N{THUMBS UP SIGN}", "thumbs up", "hand-fingers-closed")))
