"""Layers that draw nothing where there is no place for values, and elsewhere what torch's draw."""

from __future__ import annotations

import pytest
import torch
from noisegraph.nodes.networks.blocks import GroupNorm, zeroed
from noisegraph.nodes.networks.layers import Conv2d, LayerNorm, Linear
from noisegraph.nodes.networks.unet import unet
from torch import nn
from torch.overrides import TorchFunctionMode

PAIRS = {
    "linear": (Linear, nn.Linear, (3, 5)),
    "convolution": (Conv2d, nn.Conv2d, (3, 5, 3)),
    "layer norm": (LayerNorm, nn.LayerNorm, (6,)),
    "group norm": (GroupNorm, nn.GroupNorm, (2, 6)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_layer_begins_with_the_values_of_torchs(name: str) -> None:
    ours, theirs, sizes = PAIRS[name]
    torch.manual_seed(0)
    wanted = theirs(*sizes).state_dict()
    torch.manual_seed(0)
    found = ours(*sizes).state_dict()
    assert wanted.keys() == found.keys()
    assert all(torch.equal(one, wanted[key]) for key, one in found.items())
    assert not any(one.any() for one in zeroed(ours(*sizes)).state_dict().values())


def test_a_u_net_without_values_sets_none() -> None:
    called: set[str] = set()

    class Noted(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            called.add(func.__name__)
            return func(*args, **kwargs or {})

    with torch.device("meta"), Noted():
        module = unet(
            model_channels=32,
            channel_mult=(1, 2),
            num_res_blocks=1,
            attention="transformer",
            attention_resolutions=(1, 2),
            context_channels=8,
            num_head_channels=8,
            vector_channels=4,
        )
    assert all(one.is_meta for one in module.parameters())
    assert not [name for name in called if name.endswith("_") and not name.startswith("_")]
