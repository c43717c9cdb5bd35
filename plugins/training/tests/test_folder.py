"""A folder of captioned pictures: every form that trainers know is read, and what is amiss is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check, require
from noisegraph.devices import resolve
from noisegraph.events import RunFinished
from noisegraph.graph import library, parse
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache
from noisegraph_training.data import folder
from PIL import Image

COLOURS = {"red.png": "red", "below/green.jpg": "green", "blue.webp": "blue"}
GIVEN = {"folder": ".", "iterations": 2, "batch": 2, "count": 1, "steps": 1}
WORDS = {name: f"a {colour} card" for name, colour in COLOURS.items()}


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """Three pictures of one colour each, without captions."""
    for name, colour in COLOURS.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 12), colour).save(path, lossless=True, quality=100)
    return tmp_path


def beside(cards: Path) -> None:
    for name, words in WORDS.items():
        (cards / name).with_suffix(".txt").write_text(f"{words}\n", encoding="utf-8")


def lines(cards: Path) -> None:
    told = [json.dumps({"file_name": name, "text": words}) for name, words in WORDS.items()]
    (cards / "metadata.jsonl").write_text("\n".join(told), encoding="utf-8")


def table(cards: Path) -> None:
    (cards / "captions.json").write_text(json.dumps(WORDS), encoding="utf-8")


def nested(cards: Path) -> None:
    told = {name: {"caption": words} for name, words in WORDS.items()}
    (cards / "captions.json").write_text(json.dumps(told), encoding="utf-8")


@pytest.mark.parametrize("written", [beside, lines, table, nested])
def test_captions_stand_beside_pictures_or_in_a_list(cards: Path, written: Callable[[Path], None]) -> None:
    written(cards)
    found = folder(path=str(cards), size=8, licence="MIT")
    assert found.captions == ["a green card", "a blue card", "a red card"]
    assert found.pixels.shape == (3, 3, 8, 8)
    assert found.pixels.dtype == torch.uint8
    middles = found.pixels[:, :, 4, 4].int()
    assert (middles - torch.tensor([[0, 128, 0], [0, 0, 255], [255, 0, 0]])).abs().max() < 4
    assert (found.licence, found.name.split()[0]) == ("MIT", "3")


def test_those_held_out_are_a_part_that_no_name_changes(cards: Path) -> None:
    beside(cards)
    for number in range(6):
        Image.new("RGB", (8, 8), (40 * number, 0, 90)).save(cards / f"{number}.png")
        (cards / f"{number}.txt").write_text(str(number), encoding="utf-8")
    whole = folder(path=str(cards), size=8).captions
    train, apart = (folder(path=str(cards), part=part, every=4, size=8).captions for part in ("train", "held out"))
    assert (len(whole), len(apart)) == (9, 2)
    assert sorted(train + apart) == sorted(whole)
    for one in (".png", ".txt"):
        (cards / f"5{one}").rename(cards / f"a{one}")
    assert set(folder(path=str(cards), part="held out", every=4, size=8).captions) == set(apart)


def test_copies_of_a_picture_are_held_out_together_or_not_at_all(cards: Path) -> None:
    beside(cards)
    for name in ("red", "blue"):
        source = next(cards.glob(f"{name}.*p*"))
        (cards / f"{name}-again{source.suffix}").write_bytes(source.read_bytes())
        (cards / f"{name}-again.txt").write_text(f"a {name} card", encoding="utf-8")
    apart = folder(path=str(cards), part="held out", every=2, size=8).captions
    assert set(apart).isdisjoint(folder(path=str(cards), part="train", every=2, size=8).captions)
    assert len(set(apart)) == 1


def test_of_one_picture_none_can_be_held_out(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "only.png")
    (tmp_path / "only.txt").write_text("alone", encoding="utf-8")
    assert folder(path=str(tmp_path), size=8).captions == ["alone"]
    with pytest.raises(ng.NodeError, match="none can be held out"):
        folder(path=str(tmp_path), part="train", size=8)


def test_a_picture_is_cut_to_its_middle_or_laid_on_white(cards: Path) -> None:
    table(cards)
    cut, whole = (folder(path=str(cards), size=8, fit=fit).pixels[2] for fit in ("crop", "pad"))
    assert cut[0].min() > 250
    assert cut[1].max() < 4
    assert whole[:, 0].min() == 255
    assert whole[1, 4].max() < 4


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    (tmp_path / "clear.txt").write_text("nothing", encoding="utf-8")
    assert folder(path=str(tmp_path), size=8).pixels.min() == 255


def test_a_grey_picture_of_16_bits_keeps_its_greys(tmp_path: Path) -> None:
    Image.new("I;16", (8, 8), 32768).save(tmp_path / "grey.png")
    (tmp_path / "grey.txt").write_text("grey", encoding="utf-8")
    assert set(folder(path=str(tmp_path), size=8).pixels.flatten().tolist()) == {127}


def refused(path: Path) -> str:
    with pytest.raises(ng.NodeError) as told:
        folder(path=str(path), size=8)
    return str(told.value)


def test_a_folder_without_captions_is_refused_with_the_names_that_lack_them(cards: Path) -> None:
    told = refused(cards)
    assert "3 of 3 pictures" in told
    assert "'red.png'" in told
    beside(cards)
    (cards / "red.txt").write_text(" \n", encoding="utf-8")
    assert "1 of 3 pictures" in refused(cards)


def test_a_folder_without_pictures_and_a_file_are_refused(tmp_path: Path) -> None:
    assert "holds no pictures" in refused(tmp_path)
    (tmp_path / "file").write_text("")
    assert "is no folder" in refused(tmp_path / "file")


def test_a_list_that_names_other_pictures_or_is_damaged_is_refused_with_the_place(cards: Path) -> None:
    table(cards)
    (cards / "captions.json").write_text(json.dumps({**WORDS, "../yellow.png": "out"}), encoding="utf-8")
    assert "'../yellow.png'" in refused(cards)
    (cards / "captions.json").unlink()
    (cards / "metadata.jsonl").write_text('{"file_name": "red.png", "text": "a"}\n{"file_name"', encoding="utf-8")
    assert "line 2" in refused(cards)
    (cards / "metadata.jsonl").write_text('{"file_name": "red.png"}', encoding="utf-8")
    assert "line 1" in refused(cards)
    (cards / "metadata.jsonl").write_text('{"file_name": "red.png", "text": "a"}\n' * 2, encoding="utf-8")
    assert "line 2" in refused(cards)


@pytest.mark.parametrize("written", [beside, lines, table])
def test_the_mark_before_a_text_of_windows_is_no_part_of_it(cards: Path, written: Callable[[Path], None]) -> None:
    written(cards)
    for path in cards.rglob("*"):
        if path.suffix in (".txt", ".json", ".jsonl"):
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert folder(path=str(cards), size=8).captions == ["a green card", "a blue card", "a red card"]


def test_a_caption_or_a_list_in_another_encoding_is_refused_by_name(cards: Path) -> None:
    beside(cards)
    (cards / "red.txt").write_bytes("rosé".encode("latin-1"))
    assert "red.txt' is not written in UTF-8" in refused(cards)
    (cards / "metadata.jsonl").write_bytes('{"file_name": "red.png", "text": "rosé"}'.encode("latin-1"))
    assert "metadata.jsonl' is not written in UTF-8" in refused(cards)


def test_a_picture_that_cannot_be_read_is_named(cards: Path) -> None:
    beside(cards)
    (cards / "red.png").write_bytes(b"no picture")
    assert "red.png" in refused(cards)


def test_a_link_that_leads_out_of_the_folder_is_refused(cards: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    Image.new("RGB", (8, 8)).save(outside)
    beside(cards)
    (cards / "linked.png").symlink_to(outside)
    (cards / "linked.txt").write_text("a link", encoding="utf-8")
    assert "leads out" in refused(cards)


def test_the_librarys_graph_checks_a_folder_trains_on_it_and_draws(cards: Path) -> None:
    graph = json.loads(library()["train/folder"].read_text(encoding="utf-8"))
    graph["nodes"]["network"]["config"] |= {"model_channels": 8, "channel_mult": [1], "attention_resolutions": [1]}
    text = json.dumps(graph)

    def finished(**given: str) -> RunFinished:
        checked = require(check(parse(text, folder=cards), Registry.installed(), GIVEN | given))
        *_, last = run(plan(checked, resolve("cpu")), Cache(1 << 28, None))
        assert isinstance(last, RunFinished)
        return last

    assert finished().failed > 0
    table(cards)
    made = finished(prompt="a red card").results[0].outputs
    card = made["weights"].card
    assert card["data"].startswith("2 captioned pictures")
    assert card["loss_seen"] > 0
    assert card["loss_held_out"] > 0
    assert card["training"]["iterations"] == 2
    assert made["image"].shape == (1, 3, 64, 64)
