"""The score network of NCSN against its authors' own code (ermongroup/ncsn), whose numbers lie in a file."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from noisegraph.nodes.networks.ncsn import ncsn
from torch import Tensor, nn

PUBLISHED = Path(__file__).parent / "published" / "ncsn.json"
"""What CondRefineNetDilated (ngf 4, three levels, one channel) gives in float64, with the parameters below."""


def waves(shape: torch.Size, number: int, size: float) -> Tensor:
    """Numbers that are the same on every machine: a sine whose pace and phase follow from `number`."""
    steps = torch.arange(shape.numel(), dtype=torch.float64)
    return (size * torch.sin(steps * (1 + number % 7) + number)).view(shape)


def set_parameters(module: nn.Module) -> nn.Module:
    """The module in float64 with waves as parameters, numbered in the order of their names."""
    module = module.double().eval().requires_grad_(False)
    for number, (_, parameter) in enumerate(sorted(module.named_parameters())):
        parameter.copy_(waves(parameter.shape, number, 0.3))
    return module


def test_it_gives_what_its_authors_code_gives() -> None:
    published = json.loads(PUBLISHED.read_text("utf-8"))
    ours = set_parameters(ncsn(channels=1, width=4, levels=3, divide=False))
    x, level = waves(torch.Size((3, 1, 8, 8)), 0, 1.0), torch.arange(3, dtype=torch.float64)
    found = ours(x, 1 - level / 2)
    wanted = torch.tensor(published["output"], dtype=torch.float64).view(found.shape)
    assert wanted.std() > 0.1
    torch.testing.assert_close(found, wanted, rtol=1e-8, atol=1e-8)


def test_its_parameters_have_the_names_and_shapes_of_the_authors_checkpoints() -> None:
    published = json.loads(PUBLISHED.read_text("utf-8"))
    ours = ncsn(channels=1, width=4, levels=3, divide=False)
    assert {name: list(value.shape) for name, value in ours.state_dict().items()} == published["shapes"]
