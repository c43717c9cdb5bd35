"""Weights of eight bits a number: what training stores is read again to within half of a step of each row."""

from __future__ import annotations

from pathlib import Path

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.eight_bits import EightBits
from safetensors.torch import save_file

card = pytest.importorskip("noisegraph_training.card")
examples = pytest.importorskip("noisegraph_training.examples")


def stored(parameters: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    trained = examples.Trained(parameters, 0.0, {})
    made = card.weights(trained, ng.Architecture(torch.nn.Module), purpose="a", licence="MIT", graph="g", stored="int8")
    assert made.card["stored"] == "int8"
    return dict(made.tensors)


def test_matrices_come_back_to_half_a_step_of_their_row_and_vectors_as_float16(tmp_path: Path) -> None:
    random = torch.Generator().manual_seed(0)
    parameters = {
        "conv.weight": torch.randn(6, 3, 3, 3, generator=random) * torch.logspace(-4, 2, 6).view(6, 1, 1, 1),
        "norm.weight": torch.randn(5, generator=random),
        "out.weight": torch.zeros(2, 4),
        "table.scale": torch.randn(3, generator=random),
    }
    tensors = stored(parameters)
    assert tensors["conv.weight"].dtype == torch.int8
    save_file(tensors, tmp_path / "small.safetensors")
    found = dict(EightBits()(str(tmp_path / "small.safetensors")))
    assert set(found) == set(parameters)
    step = parameters["conv.weight"].flatten(1).abs().amax(1).view(6, 1, 1, 1) / 127
    assert ((found["conv.weight"] - parameters["conv.weight"]).abs() <= step * 0.53).all()
    assert torch.equal(found["norm.weight"], parameters["norm.weight"].half())
    assert not found["out.weight"].any()


def test_a_file_that_is_missing_or_damaged_is_told(tmp_path: Path) -> None:
    with pytest.raises(ng.NodeError, match="cannot be read"):
        list(EightBits()(str(tmp_path / "none.safetensors")))
    (tmp_path / "cut.safetensors").write_bytes(b"\x20\0\0\0\0\0\0\0{}")
    with pytest.raises(ng.NodeError):
        list(EightBits()(str(tmp_path / "cut.safetensors")))


def test_the_built_in_models_together_are_no_larger_than_48_megabytes() -> None:
    assert sum(path.stat().st_size for path in shipped.WEIGHTS.iterdir()) <= 48e6
