"""By what latents are multiplied: as latent diffusion measured it and kept it in its files, read without torch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from noisegraph.nodes import model, vae
from noisegraph.nodes.checkpoints.checkpoint import opened
from safetensors.torch import save_file

from .checkpoints import whole

MEASURED = 0.22765929


def tensors(family: str) -> dict[str, torch.Tensor]:
    shapes = whole(family, model_channels=32)
    return {name: torch.zeros(1).expand(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
@pytest.mark.parametrize("pickled", [False, True])
def test_the_scale_that_was_measured_is_read_from_the_tensors(
    dtype: torch.dtype, pickled: bool, tmp_path: Path
) -> None:
    state = {"first_stage_model.x": torch.zeros(3, dtype=dtype), "scale_factor": torch.tensor(MEASURED, dtype=dtype)}
    path = tmp_path / ("model.ckpt" if pickled else "model.safetensors")
    if pickled:
        torch.save({"state_dict": state}, path)
    else:
        save_file(state, path)
    assert float(opened(str(path)).notes["scale_factor"]) == pytest.approx(MEASURED, rel=1e-3)


def test_it_is_the_scale_of_the_autoencoder_and_without_it_the_familys(tmp_path: Path) -> None:
    state = tensors("ldm-kl")
    save_file({name: value.contiguous() for name, value in state.items()}, tmp_path / "plain.safetensors")
    assert model.load(path=str(tmp_path / "plain.safetensors")).vae.scale == 1.0
    state["scale_factor"] = torch.tensor(MEASURED)
    save_file({name: value.contiguous() for name, value in state.items()}, tmp_path / "measured.safetensors")
    loaded = model.load(path=str(tmp_path / "measured.safetensors"))
    assert loaded.vae.scale == pytest.approx(MEASURED)
    assert vae.load(path=str(tmp_path / "measured.safetensors"), scale=0.5).scale == 0.5


@pytest.mark.parametrize("value", [torch.tensor(float("nan")), torch.tensor(-1.0), torch.zeros(2), torch.tensor(3)])
def test_what_can_be_no_scale_is_left_alone(value: torch.Tensor, tmp_path: Path) -> None:
    state = {name: value.contiguous() for name, value in tensors("ldm-kl").items()}
    save_file({**state, "scale_factor": value}, tmp_path / "model.safetensors")
    assert model.load(path=str(tmp_path / "model.safetensors")).vae.scale == 1.0


def test_a_note_of_that_name_that_is_no_number_is_left_alone(tmp_path: Path) -> None:
    state = {name: value.contiguous() for name, value in tensors("ldm-kl").items()}
    save_file(state, tmp_path / "model.safetensors", metadata={"scale_factor": "as trained"})
    assert model.load(path=str(tmp_path / "model.safetensors")).vae.scale == 1.0
