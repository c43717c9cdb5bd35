"""Classes as latent diffusion's class-conditional model is told them: rows of a learned table in its file."""

from __future__ import annotations

from pathlib import Path

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import label, unet
from noisegraph.nodes.networks.unet import unet as build
from safetensors.torch import save_file

from .checkpoints import PUBLISHED, awake, drawn

TABLE = drawn(1001, 512)


@pytest.fixture
def file(tmp_path: Path) -> str:
    save_file({label.EMBEDDING: TABLE.half(), "model.x": torch.zeros(1)}, tmp_path / "classes.safetensors")
    return str(tmp_path / "classes.safetensors")


def test_a_label_is_the_row_of_the_table_as_one_token(file: str) -> None:
    """As `ClassEmbedder` has it."""
    wanted = torch.nn.functional.embedding(torch.tensor([[7], [999]]), TABLE.half().float())
    assert torch.equal(label.embed(path=file, label=[7, 999])["context"], wanted)
    assert label.embed(path=file, label=7)["context"].shape == (1, 1, 512)


def test_the_empty_label_is_the_last_row(file: str) -> None:
    assert torch.equal(label.embed(path=file)["context"][0, 0], TABLE[1000].half().float())


def test_a_label_beyond_the_table_and_a_file_without_one_are_told(file: str, tmp_path: Path) -> None:
    for call in (label.embed, lambda **given: label.embed_facts(given)):
        with pytest.raises(ng.NodeError, match="label 1001 is not one that the network knows"):
            call(path=file, label=1001)
    save_file({"model.x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ng.NodeError, match="holds no vectors of classes"):
        label.embed_facts({"path": str(tmp_path / "other.safetensors")})


def test_the_unet_of_the_family_attends_to_it(file: str, tmp_path: Path) -> None:
    config = {**PUBLISHED["ldm-class"][0], "model_channels": 32, "num_heads": 1}
    module = awake(build(**config))
    save_file(
        {f"model.diffusion_model.{name}": value for name, value in module.state_dict().items()},
        tmp_path / "m.safetensors",
    )
    loaded = unet.load(path=str(tmp_path / "m.safetensors"))
    assert unet.load_facts({"path": str(tmp_path / "m.safetensors")})["unet"]["model"] == "ldm-class"
    x, level = drawn(1, 3, 16, 16), loaded.process.level(500.0)
    one, other = (unet.denoiser(loaded.unet, label.embed(path=file, label=each))(x, level) for each in (7, 8))
    assert (one - other).abs().max() > 1e-3
