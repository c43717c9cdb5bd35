"""How a network is made from its file: nothing is drawn, nothing walked that is not wanted, nobody else disturbed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph import paging, resident
from noisegraph.devices import Device, using
from noisegraph.resident import release_all
from safetensors.torch import save_file

FLOAT, HALF, NARROW = Device("cpu", "float32"), Device("cpu", "float16"), Device("cpu", "float8")
WIDTH = 16
NUMBERS = 3 * WIDTH * WIDTH
"""Of the network below."""


class Layers(torch.nn.Module):
    """Three matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(*(torch.nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(3)))


class Made(torch.nn.Module):
    """Tensors by every way that does not say where, of which none comes from a file."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
        self.where = [
            torch.empty(1),
            torch.arange(3),
            torch.tensor([1.0]),
            torch.zeros(1, dtype=torch.int64),
            torch.full((1,), 2.0),
            torch.linspace(0, 1, 3),
            torch.ones(2).cumsum(0),
        ]
        seen.append([one.device.type for one in self.where] + [self.linear.weight.device.type])


seen: list[list[str]] = []


@pytest.fixture(autouse=True)
def _nothing_resident(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(paging, "WORTH_PAGING", WIDTH)
    release_all()
    seen.clear()
    yield
    release_all()


def saved(folder: Path, dtype: torch.dtype, build: Any = Layers) -> ng.Weights:
    state = {name: one.to(dtype) for name, one in build().state_dict().items()}
    save_file(state, folder / "w.safetensors")
    return ng.Weights(str(folder / "w.safetensors"), "0", build)


def test_a_network_without_values_has_all_its_tensors_nowhere_and_what_it_computes_is_made_in_memory(
    tmp_path: Path,
) -> None:
    weights = saved(tmp_path, torch.float32, Made)
    seen.clear()
    with using(FLOAT):
        weights.module()
    assert seen == [["meta"] * 8]
    assert torch.empty(1).device.type == "cpu"


def test_other_threads_make_tensors_where_they_did_while_a_network_is_made(tmp_path: Path) -> None:
    begun, done = threading.Event(), threading.Event()

    class Waiting(torch.nn.Linear):
        def __init__(self) -> None:
            begun.set()
            assert done.wait(10)
            super().__init__(WIDTH, WIDTH)

    done.set()
    weights = saved(tmp_path, torch.float32, Waiting)
    begun.clear()
    done.clear()

    def load() -> None:
        with using(FLOAT):
            weights.module()

    torch.manual_seed(0)
    wanted = [torch.nn.Linear(4, 4).weight for _ in range(2)]
    torch.manual_seed(0)
    thread = threading.Thread(target=load)
    thread.start()
    assert begun.wait(10)
    found = [torch.nn.Linear(4, 4).weight]
    done.set()
    thread.join()
    found.append(torch.nn.Linear(4, 4).weight)
    assert all(torch.equal(one, other) for one, other in zip(found, wanted, strict=True))


def test_a_file_in_the_type_that_is_worked_in_is_not_searched_for_layers_that_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def searched(module: torch.nn.Module) -> frozenset[str]:
        raise AssertionError("it was")

    monkeypatch.setattr(resident, "paged_names", searched)
    with using(HALF):
        module: Any = saved(tmp_path, torch.float16).module()
    assert all(not layer._forward_pre_hooks for layer in module.layers)


@pytest.mark.parametrize(
    ("stored", "device", "taken"),
    [
        (torch.float32, FLOAT, 4 * NUMBERS),
        (torch.float32, HALF, 2 * NUMBERS),
        (torch.float16, FLOAT, 4 * NUMBERS),
        (torch.float16, HALF, 2 * NUMBERS),
        (torch.float16, NARROW, 4 * WIDTH * WIDTH + 2 * WIDTH * WIDTH),
        (torch.float32, NARROW, 4 * WIDTH * WIDTH + 2 * WIDTH * WIDTH),
    ],
)
def test_whether_a_network_fits_is_judged_by_what_it_will_take_and_not_by_its_file(
    stored: torch.dtype, device: Device, taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first matrix of three is not narrowed; half the memory is for networks, which want half as much again."""
    monkeypatch.setattr(resident, "WORTH_NARROWING", 1)
    weights = saved(tmp_path, stored)
    asked: list[int] = []
    make_room = resident._Resident.make_room

    def noted(self: Any, needed: int, where: torch.device) -> int:
        asked.append(needed)
        return make_room(self, needed, where)

    monkeypatch.setattr(resident._Resident, "make_room", noted)
    for memory, fits in ((3 * taken, True), (3 * taken - 2, False)):
        release_all()
        monkeypatch.setattr(resident, "_physical_memory", lambda memory=memory: memory)
        with using(device):
            weights.module()
        (held,) = resident._RESIDENT.held.values()
        assert held.size == (taken if fits else min(taken, (memory // 2) // 2))
    assert asked == [taken * 3 // 2] * 2


def test_networks_that_find_no_room_at_all_are_not_counted_as_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = saved(tmp_path, torch.float32)
    with using(FLOAT):
        first.module()
        monkeypatch.setattr(resident, "_physical_memory", lambda: 0)
        monkeypatch.setattr(resident._Resident, "make_room", lambda self, needed, device: self.free(device))
        ng.Weights(first.path, "1", Layers).module()
    assert [one.size for one in resident._RESIDENT.held.values()] == [4 * NUMBERS, 0]


def test_a_network_whose_file_is_wider_than_it_is_leaves_room_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two in half precision, where their float32 files would find room for one."""
    first = saved(tmp_path, torch.float32)
    second = ng.Weights(first.path, "1", Layers)
    monkeypatch.setattr(resident, "_physical_memory", lambda: 2 * (5 * NUMBERS))
    with using(HALF):
        module = first.module()
        second.module()
        assert first.module() is module
