"""The emoji: what the Unicode list is read as, who is held out, and how they are drawn."""

from __future__ import annotations

from pathlib import Path

import noisegraph as ng
import pytest
from noisegraph_training import emoji
from noisegraph_training.emoji import FONT, LIST, Emoji

LINES = """# group: People & Body
# subgroup: person-role
1F468 200D 2695 FE0F    ; fully-qualified     # 👨‍⚕️ E4.0 man health worker
1F468 200D 2695         ; minimally-qualified # 👨‍⚕ E4.0 man health worker
# subgroup: heart
2764 FE0F               ; fully-qualified     # ❤️ E0.6 red heart
1FAE8                   ; fully-qualified     # 🫨 E15.0 shaking face
1F642 200D 2194 FE0F    ; fully-qualified     # 🙂‍↔️ E15.1 head shaking horizontally
""".splitlines()
installed = pytest.mark.skipif(
    not (FONT.exists() and LIST.exists()), reason="needs the packages fonts-noto-color-emoji and unicode-data"
)


def test_the_list_is_read_as_characters_names_and_subgroups_up_to_unicode_15() -> None:
    assert list(emoji.parsed(LINES)) == [
        Emoji("\N{MAN}\N{ZERO WIDTH JOINER}\N{STAFF OF AESCULAPIUS}\ufe0f", "man health worker", "person-role"),
        Emoji("\N{HEAVY BLACK HEART}\ufe0f", "red heart", "heart"),
        Emoji("\U0001fae8", "shaking face", "heart"),
    ]


def test_of_each_kind_of_person_one_skin_tone_at_most_is_held_out_whatever_the_order() -> None:
    tones = ("light", "medium", "dark")
    people = [Emoji("", f"{who}: {tone} skin tone", "person-role") for who in ("cook", "judge") for tone in tones]
    others = [Emoji("", "cook", "person-role"), Emoji("", "waving hand: light skin tone", "hand-fingers-open")]
    apart = emoji.held_out([*people, *others])
    assert {name.partition(":")[0] for name in apart} == {"cook", "judge"}
    assert len(apart) == 2
    assert emoji.held_out([*others, *reversed(people)]) == apart


def test_a_missing_file_names_the_package_that_brings_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = tmp_path / "emoji-test.txt"
    monkeypatch.setattr(emoji, "LIST", missing)
    monkeypatch.setitem(emoji.PACKAGES, missing, "unicode-data")
    with pytest.raises(ng.NodeError, match="there is no file") as caught:
        emoji.chosen("all")
    assert "apt-get install unicode-data" in str(caught.value.hint)


@installed
def test_the_parts_are_3655_emoji_of_which_200_people_are_held_out() -> None:
    parts = {part: {one.name for one in emoji.chosen(part)} for part in ("all", "train", "held out")}
    assert {part: len(names) for part, names in parts.items()} == {"all": 3655, "train": 3455, "held out": 200}
    assert parts["train"] | parts["held out"] == parts["all"]
    assert all("skin tone" in name for name in parts["held out"])


@installed
def test_glyphs_are_drawn_in_their_colours_on_white_and_sequences_as_one() -> None:
    by_name = {one.name: one for one in emoji.chosen("all")}
    heart, family = emoji.drawn([by_name["red heart"], by_name["family: man, woman, girl, boy"]], 64)
    red, green, blue = heart[:, 32, 32].tolist()
    assert red > 200 > 100 > max(green, blue)
    assert heart[:, 0, 0].tolist() == [255, 255, 255]
    assert (family != 255).any(dim=0).float().mean() > 0.3


@installed
def test_characters_that_the_font_has_no_single_picture_of_are_told() -> None:
    with pytest.raises(ng.NodeError, match="no picture of 'three hearts'"):
        emoji.drawn([Emoji("\N{HEAVY BLACK HEART}\ufe0f" * 3, "three hearts", "heart")], 16)
