"""What was trained on a folder is loaded from its file and draws: the same pictures as in the graph that trained it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from noisegraph.check import check, require
from noisegraph.devices import resolve
from noisegraph.events import RunFinished
from noisegraph.graph import library, parse
from noisegraph.nodes.models.shipped import WEIGHTS
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache
from noisegraph.writing.formats import files_of
from PIL import Image

COLOURS = ("red", "green", "blue")
GIVEN = {"prompt": "a red card", "count": 2, "steps": 2}


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """Two pictures of each of three colours, with captions; whichever is held out, the other is learned."""
    for colour in COLOURS:
        for side in (64, 60):
            Image.new("RGB", (side, side), colour).save(tmp_path / f"{colour}-{side}.png")
            (tmp_path / f"{colour}-{side}.txt").write_text(f"a {colour} card", encoding="utf-8")
    return tmp_path


def outputs(graph: Any, given: dict[str, Any]) -> dict[str, Any]:
    checked = require(check(graph, Registry.installed(), given))
    *_, last = run(plan(checked, resolve("cpu")), Cache(1 << 28, None))
    assert isinstance(last, RunFinished)
    assert last.failed == 0, [dict(result.failed) for result in last.results]
    return dict(last.results[0].outputs)


def write(folder: Path, name: str, weights: Any) -> None:
    """The files that a run writes of weights."""
    for file in files_of(weights, name, "", ()):
        (folder / file.tail).write_bytes(file.data)


@pytest.mark.parametrize("stored", ["float16", "int8"])
def test_two_iterations_on_a_folder_draw_the_same_from_the_file(cards: Path, stored: str) -> None:
    graph = json.loads(library()["train/folder"].read_text(encoding="utf-8"))
    graph["nodes"]["network"]["config"] |= {"model_channels": 16, "channel_mult": [1, 2]}
    graph["nodes"]["weights"]["stored"] = stored
    given = {"folder": ".", "iterations": 2, "batch": 2, "picture_seed": 7, **GIVEN}
    made = outputs(parse(json.dumps(graph), folder=cards), given)
    write(cards, "mine", made["weights"])
    text = library()["trained"].read_text(encoding="utf-8")
    drawn = outputs(parse(text, folder=cards), {"weights": "mine.safetensors", "seed": 7, **GIVEN})
    torch.testing.assert_close(drawn["image"], made["image"], rtol=0, atol=0.02)
    assert drawn["image"].shape == (2, 3, 64, 64)
    assert drawn["image"].std() > 0.01


@pytest.mark.slow
def test_a_model_of_emoji_that_learned_a_folder_draws_it_and_begins_as_it_was(cards: Path) -> None:
    text = library()["train/finetune"].read_text(encoding="utf-8")
    given = {"folder": ".", "batch": 2, "picture_seed": 7, **GIVEN}
    made = outputs(parse(text, folder=cards), {**given, "iterations": 20})
    assert made["image"][:, 0].mean() > made["image"][:, 1:].mean() + 0.2
    start = outputs(parse(text, folder=cards), {**given, "iterations": 1, "learning_rate": 1e-9})
    for suffix in (".safetensors", ".json"):
        shutil.copy((WEIGHTS / "emoji").with_suffix(suffix), cards)
    text = library()["trained"].read_text(encoding="utf-8")
    shipped = outputs(parse(text, folder=cards), {"weights": "emoji.safetensors", "seed": 7, **GIVEN})
    torch.testing.assert_close(start["image"], shipped["image"], rtol=0, atol=0.02)


def test_an_autoencoder_of_ones_own_is_trained_on_and_drawn_with(cards: Path) -> None:
    coder = json.loads(library()["train/folder-autoencoder"].read_text(encoding="utf-8"))
    coder["nodes"]["network"]["config"] |= {"ch": 8, "ch_mult": [1, 2]}
    made = outputs(parse(json.dumps(coder), folder=cards), {"folder": ".", "size": 32, "iterations": 1, "batch": 2})
    assert "psnr_held_out" in made["vae"].card
    write(cards, "vae", made["vae"])
    graph = json.loads(library()["train/folder"].read_text(encoding="utf-8"))
    graph["nodes"]["network"]["config"] |= {"model_channels": 16, "channel_mult": [1, 2]}
    own = {"autoencoder": "vae.safetensors", **GIVEN}
    given = {"folder": ".", "size": 32, "iterations": 1, "batch": 2, "picture_seed": 7, **own}
    learned = outputs(parse(json.dumps(graph), folder=cards), given)
    write(cards, "mine", learned["weights"])
    text = library()["trained"].read_text(encoding="utf-8")
    drawn = outputs(parse(text, folder=cards), {"weights": "mine.safetensors", "seed": 7, **own})
    assert drawn["image"].shape == (2, 3, 32, 32)
    torch.testing.assert_close(drawn["image"], learned["image"], rtol=0, atol=0.02)
    told = {what: learned["weights"].card[what]["name"] for what in ("autoencoder", "encoder")}
    assert told == {"autoencoder": "vae", "encoder": "emoji-clip"}
    (problem,) = check(parse(text, folder=cards), Registry.installed(), {"weights": "mine.safetensors"}).problems
    assert "those of the autoencoder vae (" in problem.what
    assert "'vae' is emoji-autoencoder (" in problem.what


def told_with_another_autoencoder(node: str, cards: Path) -> str:
    """What check tells of train/folder where one of its nodes is given the autoencoder of other pictures."""
    graph = json.loads(library()["train/folder"].read_text(encoding="utf-8"))
    graph["nodes"]["other"] = {"use": "model.digit_scenes"}
    graph["nodes"][node]["vae"] = "$other.vae"
    (problem,) = check(parse(json.dumps(graph), folder=cards), Registry.installed(), {"folder": "."}).problems
    return problem.what


def test_weights_that_are_told_to_stand_on_other_networks_than_they_learned_from_are_refused(cards: Path) -> None:
    told = told_with_another_autoencoder("weights", cards)
    assert "'trained' has emoji-autoencoder (" in told
    assert "'vae' has digit-scenes (" in told


def test_a_network_of_the_same_graph_knows_whose_latents_it_learned(cards: Path) -> None:
    assert "'denoiser' has emoji-autoencoder (" in told_with_another_autoencoder("shape", cards)
