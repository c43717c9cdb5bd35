"""Devices are chosen without torch, and networks are loaded once and shared."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph import devices, resident
from noisegraph.devices import Device, current, out_of_memory, resolve, torch_device, torch_dtype, using
from noisegraph.resident import free_memory, release_all
from safetensors.torch import save_file

FLOAT = Device("cpu", "float32")
HALF = Device("cpu", "bfloat16")


class Small(torch.nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.inner = torch.nn.Conv2d(3, width, 3)
        self.count = torch.nn.Buffer(torch.zeros(2, dtype=torch.int64))


class Tabled(torch.nn.Module):
    """Holds a table that no file stores, as a buffer, and one as a plain attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
        self.register_buffer("table", torch.arange(4.0), persistent=False)
        self.mask = torch.ones(3, dtype=torch.bool)


@pytest.fixture(autouse=True)
def _nothing_resident() -> Iterator[None]:
    release_all()
    yield
    release_all()


def saved(module: torch.nn.Module, path: Path, build: Callable[..., torch.nn.Module], **config: Any) -> ng.Weights:
    save_file(dict(module.state_dict()), path)
    return ng.Weights(str(path), path.name, build, tuple(config.items()))


@pytest.fixture
def small(tmp_path: Path) -> ng.Weights:
    return saved(Small(), tmp_path / "small.safetensors", Small)


@contextlib.contextmanager
def fake_machine(monkeypatch: pytest.MonkeyPatch, version: str, *files: str, system: str = "linux") -> Iterator[None]:
    """A machine with this torch and these device files."""
    with monkeypatch.context() as patch:
        patch.setattr(devices, "_torch_version", lambda: version)
        patch.setattr(os.path, "exists", lambda path: path in files)
        patch.setattr(sys, "platform", system)
        patch.setattr("platform.machine", lambda: "arm64")
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        yield


# The choice


def test_auto_takes_the_gpu_where_there_is_one_and_torch_can_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_machine(monkeypatch, "2.13.0", "/dev/nvidia0"):
        assert resolve() == Device("cuda", "bfloat16")
        assert resolve(dtype="float16") == Device("cuda", "float16")
        assert resolve("cpu") == Device("cpu", "float32")
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        assert resolve() == Device("cpu", "float32")
    with fake_machine(monkeypatch, "2.13.0+cpu", "/dev/nvidia0"):
        assert resolve() == Device("cpu", "float32")
    with fake_machine(monkeypatch, "2.13.0+cu130"):
        assert resolve() == Device("cpu", "float32")
    with fake_machine(monkeypatch, "2.13.0", system="darwin"):
        assert resolve() == Device("mps", "float32")


def test_short_names_of_dtypes_are_understood() -> None:
    assert resolve("cpu", "bf16") == HALF


def test_devices_of_one_kind_have_one_precision_class() -> None:
    assert Device("cuda:1", "bfloat16").precision == Device("cuda", "bfloat16").precision == "cuda/bfloat16"
    assert FLOAT.precision == "cpu/float32"


def test_a_node_on_another_device_runs_in_that_ones_own_dtype_unless_another_was_asked_for() -> None:
    assert Device("cuda", "bfloat16").on("cpu") == FLOAT
    assert Device("cuda", "float16").on("cpu") == Device("cpu", "float16")


def test_a_node_says_its_device_its_dtype_or_both(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_machine(monkeypatch, "2.13.0", "/dev/nvidia0"):
        gpu = Device("cuda", "bfloat16")
        assert gpu.on("/float32") == Device("cuda", "float32")
        assert gpu.on("cpu/float16") == Device("cpu", "float16")
        assert Device("cpu", "float64").on("/float8") == Device("cpu", "float8")


@pytest.mark.parametrize(
    ("name", "dtype", "said"),
    [
        ("cudda", "auto", "no such device: 'cudda'; did you mean 'cuda'?"),
        ("cuda:", "auto", "no such device"),
        ("cpu:1", "auto", "no such device"),
        ("../etc", "auto", "no such device"),
        ("", "auto", "no such device"),
        ("cpu", "flaot32", "did you mean 'float32'?"),
        ("cpu", "int8", "no such dtype"),
        ("cuda", "auto", r"this torch \(2.13.0\+cpu\) cannot use cuda"),
        ("mps", "auto", "macOS only"),
    ],
)
def test_a_wrong_device_or_dtype_is_refused_with_what_to_try(
    monkeypatch: pytest.MonkeyPatch, name: str, dtype: str, said: str
) -> None:
    with fake_machine(monkeypatch, "2.13.0+cpu"), pytest.raises(ng.GraphError, match=said.replace("?", r"\?")):
        resolve(name, dtype)


def test_choosing_imports_no_torch() -> None:
    code = "import sys; from noisegraph.devices import current; current(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_device_that_turns_out_to_be_absent_is_told_when_it_is_first_needed() -> None:
    absent = f"cuda:{torch.cuda.device_count() + 90}"
    with using(Device(absent, "float32")), pytest.raises(ng.NodeError, match=f"'{absent}' is not there"):
        torch_device()


def test_the_current_device_is_that_of_the_innermost_context_in_this_thread() -> None:
    assert current() == resolve()
    with using(HALF):
        with using(FLOAT):
            assert (current(), ng.device(), ng.dtype()) == (FLOAT, torch.device("cpu"), torch.float32)
        assert (torch_device(), torch_dtype()) == (torch.device("cpu"), torch.bfloat16)
        seen: list[Device] = []
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
        assert seen == [resolve()]
    with pytest.raises(ZeroDivisionError), using(HALF):
        raise ZeroDivisionError
    assert current() == resolve()


# Networks


def test_a_network_is_loaded_once_and_never_learns(small: ng.Weights) -> None:
    with using(FLOAT):
        module = small.module()
        assert module is small.module()
        assert module is ng.Weights(small.path, small.digest, small.build).module()
    assert not module.training
    assert not any(one.requires_grad for one in module.parameters())


def test_loaded_values_are_those_of_the_file_and_the_global_generator_is_left_alone(tmp_path: Path) -> None:
    original = Small()
    weights = saved(original, tmp_path / "w.safetensors", Small)
    before = torch.random.get_rng_state()
    with using(FLOAT):
        module = weights.module()
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(one, original.state_dict()[name]) for name, one in module.state_dict().items())


def test_on_the_cpu_parameters_lie_in_the_files_memory_map(small: ng.Weights) -> None:
    with using(FLOAT):
        module = small.module()
    assert isinstance(module, Small)
    mapped = [
        line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines() if small.path in line
    ]
    address = module.inner.weight.data_ptr()
    assert any(int(start, 16) <= address < int(end, 16) for start, end in mapped)


def test_each_dtype_has_its_own_module_and_whole_numbers_stay_whole(small: ng.Weights) -> None:
    with using(FLOAT):
        wide = small.module()
    with using(HALF):
        narrow = small.module()
    assert isinstance(wide, Small)
    assert isinstance(narrow, Small)
    assert (wide.inner.weight.dtype, narrow.inner.weight.dtype) == (torch.float32, torch.bfloat16)
    assert narrow.count.dtype == torch.int64
    assert torch.equal(narrow.inner.weight, wide.inner.weight.to(torch.bfloat16))


def test_tables_that_are_computed_and_not_stored_have_their_values(tmp_path: Path) -> None:
    original = Tabled()
    weights = saved(original, tmp_path / "w.safetensors", Tabled)
    before = torch.random.get_rng_state()
    with using(FLOAT):
        module = weights.module()
    assert isinstance(module, Tabled)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(module.get_buffer("table"), torch.arange(4.0))
    assert torch.equal(module.mask, torch.ones(3, dtype=torch.bool))
    assert torch.equal(module.linear.weight, original.linear.weight)


def test_the_configuration_reaches_the_builder_and_decides_what_is_shared(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    weights = saved(Small(4), path, Small, width=4)
    with using(FLOAT):
        assert weights.module().get_parameter("inner.weight").shape[0] == 4
        with pytest.raises(ng.NodeError, match=r"inner\.weight"):
            ng.Weights(str(path), path.name, Small, (("width", 5),)).module()


def test_a_missing_file_is_named() -> None:
    with using(FLOAT), pytest.raises(ng.NodeError, match=r"no weights file '/nowhere/x.safetensors'"):
        ng.Weights("/nowhere/x.safetensors", "", Small).module()


@pytest.mark.parametrize(
    "damage", [lambda data: data[:100], lambda _: b"", lambda data: data[:-1], lambda _: b"x" * 99]
)
def test_a_damaged_file_is_named(small: ng.Weights, damage: Callable[[bytes], bytes]) -> None:
    path = Path(small.path)
    path.write_bytes(damage(path.read_bytes()))
    with using(FLOAT), pytest.raises(ng.NodeError, match=r"small.safetensors' cannot be read") as caught:
        small.module()
    assert "download it again" in caught.value.hint


def test_weights_of_another_network_are_refused_with_the_first_five_names_that_differ(tmp_path: Path) -> None:
    names = {f"other.{number}": torch.zeros(1) for number in range(9)} | {"inner.bias": torch.zeros(9)}
    path = tmp_path / "w.safetensors"
    save_file(names, path)
    with using(FLOAT), pytest.raises(ng.NodeError) as caught:
        ng.Weights(str(path), "", Small).module()
    said = str(caught.value)
    assert "not those of this Small" in said
    assert "inner.weight (not in the file)" in said
    assert "other.0 (only in the file)" in said
    assert said.endswith("and 7 more")


def test_a_shape_that_differs_is_told_with_both_shapes(tmp_path: Path) -> None:
    weights = saved(Small(5), tmp_path / "w.safetensors", Small)
    with using(FLOAT), pytest.raises(ng.NodeError, match=r"inner.bias \(\[5\] in the file, \[8\] wanted\)"):
        weights.module()


def test_what_was_used_longest_ago_is_moved_out_when_room_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = [saved(Small(), tmp_path / f"{number}.safetensors", Small) for number in range(3)]
    size = sum(one.nbytes for one in Small().parameters())
    monkeypatch.setattr(resident, "_physical_memory", lambda: 6 * size)
    with using(FLOAT):
        first, second = several[0].module(), several[1].module()
        assert several[0].module() is first
        several[2].module()
        assert several[0].module() is first
        assert several[1].module() is not second


def test_threads_that_ask_at_once_get_one_module(tmp_path: Path) -> None:
    built: list[int] = []

    def build() -> torch.nn.Module:
        built.append(1)
        return Small()

    weights = saved(Small(), tmp_path / "w.safetensors", build)
    found: list[torch.nn.Module] = []

    def ask() -> None:
        with using(FLOAT):
            found.append(weights.module())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert len({id(module) for module in found}) == 1


# Memory


def test_running_out_of_memory_is_told_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60)
    assert out_of_memory(caught.value)
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert out_of_memory(MemoryError())
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not out_of_memory(ValueError("out of memory"))


def test_freeing_memory_moves_networks_out_and_leaves_those_in_use_working(small: ng.Weights) -> None:
    with using(FLOAT):
        module = small.module()
        free_memory()
        assert isinstance(module, Small)
        assert module.inner(torch.zeros(1, 3, 4, 4)).shape == (1, 8, 2, 2)
        assert small.module() is not module
