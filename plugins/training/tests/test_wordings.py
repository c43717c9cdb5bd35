"""Emoji under other words than their names."""

from __future__ import annotations

import pytest
from noisegraph_training.emoji import Emoji
from noisegraph_training.wordings import repeated, wordings


def test_all_stand_several_times_in_turn_under_their_wordings_and_people_three_times_at_the_most() -> None:
    cook, heart = Emoji("", "cook", "person-role"), Emoji("", "red heart", "heart")
    names = [one.name for one in repeated([cook, heart], 5)]
    assert names == ["cook", "a cook", "cook", "red heart", "a red heart", "heart", "a heart", "red heart"]
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
        (Emoji("\N{BLUE HEART}", "blue heart", "heart"), ["blue heart", "a blue heart", "heart", "a heart"]),
        (Emoji("", "crescent moon", "sky & weather"), ["crescent moon", "a crescent moon", "moon", "a moon"]),
        (Emoji("", "unicorn", "animal-mammal"), ["unicorn", "a unicorn"]),
        (
            Emoji("", "woman: dark skin tone, red hair", "person"),
            [
                "woman: dark skin tone, red hair",
                "woman with dark skin and red hair",
                "a girl with dark skin and red hair",
            ],
        ),
        (
            Emoji("", "man: beard", "person"),
            ["man: beard", "man with a beard", "a man with a beard"],
        ),
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
