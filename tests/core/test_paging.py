"""Networks whose layers come in when they are asked: converted late, in turn where room is short, stored in float8."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph import paging, resident
from noisegraph.devices import Device, resolve, using
from noisegraph.resident import release_all
from safetensors.torch import save_file

FLOAT, HALF, NARROW = Device("cpu", "float32"), Device("cpu", "float16"), Device("cpu", "float8")
WIDTH, DEPTH = 16, 6
LAYER = 4 * WIDTH * WIDTH
"""Bytes of a layer's weight in float32."""


class Deep(torch.nn.Module):
    """Layers in a row, and one that is not asked."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(WIDTH, WIDTH) for _ in range(depth))
        self.unasked = torch.nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x


@pytest.fixture(autouse=True)
def _nothing_resident(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(paging, "WORTH_PAGING", WIDTH)
    release_all()
    yield
    release_all()


@pytest.fixture
def half(tmp_path: Path) -> ng.Weights:
    """A file in half precision."""
    torch.manual_seed(0)
    save_file(Deep(DEPTH).half().state_dict(), tmp_path / "deep.safetensors")
    return ng.Weights(str(tmp_path / "deep.safetensors"), "0", Deep, (("depth", DEPTH),))


def whole(weights: ng.Weights) -> Any:
    """The module, loaded as torch does it."""
    from safetensors.torch import load_file

    module = Deep(DEPTH)
    module.load_state_dict(load_file(weights.path))
    return module.requires_grad_(False)


def dtypes(module: Any) -> list[torch.dtype]:
    return [layer.weight.dtype for layer in (*module.layers, module.unasked)]


def test_a_copy_in_another_type_is_made_when_a_layer_is_first_asked_and_kept(half: ng.Weights) -> None:
    x = torch.randn(2, WIDTH)
    with using(FLOAT):
        module: Any = half.module()
        assert dtypes(module) == [torch.float32, *[torch.float16] * DEPTH]  # the first tells callers how it works
        found = module(x)
        kept = module.layers[3].weight.data_ptr()
        assert torch.equal(module(x), found)
    assert dtypes(module) == [*[torch.float32] * DEPTH, torch.float16]
    assert module.layers[3].weight.data_ptr() == kept
    assert torch.equal(found, whole(half)(x))


def test_a_file_in_the_type_that_is_worked_in_has_no_copies(half: ng.Weights) -> None:
    with using(HALF):
        module = half.module()
        before = [one.data_ptr() for one in module.parameters()]
        module(torch.randn(2, WIDTH).half())
    assert [one.data_ptr() for one in module.parameters()] == before


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_what_does_not_fit_comes_in_layer_by_layer_with_the_same_result(
    layers: int, half: ng.Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the memory, half is for networks, and of what is free then half for their layers."""
    most: list[int] = []

    def inside(module: Any, *_: Any) -> None:
        most.append(sum(dtype == torch.float32 for dtype in dtypes(module)[1:]))

    monkeypatch.setattr(resident, "_physical_memory", lambda: 4 * LAYER * layers)
    x = torch.randn(2, WIDTH)
    with using(FLOAT):
        module: Any = half.module()
        for layer in module.layers:
            layer.register_forward_hook(lambda *_: inside(module))
        found = [module(x) for _ in range(3)]
    assert all(torch.equal(one, whole(half)(x)) for one in found)
    assert max(most) == max(layers, 1)


def test_layers_that_found_room_stay_from_step_to_step(half: ng.Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "_physical_memory", lambda: 4 * LAYER * 3)
    brought: list[torch.nn.Module] = []
    bring = paging.Pages.bring

    def noted(self: paging.Pages, layer: torch.nn.Module) -> None:
        brought.append(layer)
        bring(self, layer)

    monkeypatch.setattr(paging.Pages, "bring", noted)
    with using(FLOAT):
        module = half.module()
        module(torch.randn(2, WIDTH))
        assert len(brought) == DEPTH - 1
        module(torch.randn(2, WIDTH))
    assert len(brought) == (DEPTH - 1) + (DEPTH - 1 - 2)  # two of the three places keep their layers


def test_other_networks_leave_before_one_is_worked_layer_by_layer(
    half: ng.Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ng.Weights(half.path, "1", Deep, half.config)
    with using(FLOAT):
        first = other.module()
        size = sum(4 * one.numel() for one in first.parameters())
        monkeypatch.setattr(resident, "_physical_memory", lambda: 2 * (size * 3 // 2))
        module: Any = half.module()
        module(torch.randn(2, WIDTH))
        assert dtypes(module)[:DEPTH] == [torch.float32] * DEPTH  # it has all the room
        assert other.module() is not first


def test_float8_stores_matrices_in_a_byte_a_number_and_works_in_the_devices_type(
    half: ng.Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "WORTH_NARROWING", 1)
    x = torch.randn(2, WIDTH)
    with using(NARROW):
        assert (ng.dtype(), NARROW.precision) == (torch.float32, "cpu/float8")
        module: Any = half.module()
        assert dtypes(module) == [torch.float32, *[torch.float8_e4m3fn] * DEPTH]
        assert module.layers[1].bias.dtype == torch.float32
        found = [module(x), module(x)]
    assert sum(dtype == torch.float32 for dtype in dtypes(module)) == 2
    rounded = whole(half)
    for layer in (*rounded.layers[1:], rounded.unasked):
        layer.weight.data = layer.weight.to(torch.float8_e4m3fn).float()
    assert torch.equal(found[0], rounded(x))
    assert torch.equal(found[1], found[0])
    assert (found[0] - whole(half)(x)).abs().max() < 0.1


def test_small_networks_are_not_stored_in_float8(half: ng.Weights) -> None:
    with using(NARROW):
        assert half.module()(torch.ones(1, WIDTH)).dtype == torch.float32
        assert torch.float8_e4m3fn not in dtypes(half.module())


def test_float8_is_asked_for_by_either_name() -> None:
    assert resolve("cpu", "fp8") == resolve("cpu", "float8_e4m3fn") == NARROW
    assert Device("cpu", "float8").on("cpu") == NARROW


def test_another_network_shares_the_tensors_as_they_are_worked_with(half: ng.Weights) -> None:
    with using(FLOAT):
        module = half.module()
        shared = half.tensors()
    assert all(one.dtype == torch.float32 for one in shared.values())
    assert {one.data_ptr() for one in shared.values()} == {one.data_ptr() for one in module.parameters()}


def test_gradients_go_through_layers_that_have_left(half: ng.Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    """As guidance by a gradient asks for it."""
    monkeypatch.setattr(resident, "_physical_memory", lambda: 0)
    x, other = (torch.ones(1, WIDTH, requires_grad=True) for _ in range(2))
    with using(FLOAT):
        half.module()(x).sum().backward()
    whole(half)(other).sum().backward()
    torch.testing.assert_close(x.grad, other.grad, rtol=0, atol=0)
