"""Networks in the memory of a device: loaded once, shared by all that ask, moved out when room is needed."""

from __future__ import annotations

import gc
import os
import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any

from .devices import Device, current, torch_device, torch_dtype
from .errors import NodeError

if TYPE_CHECKING:
    import torch

    from .diffusion.network import Weights

_SHOWN = 5


class _Resident:
    """Modules by weights and device, the least recently used first."""

    def __init__(self) -> None:
        self.modules: OrderedDict[tuple[Weights, Device], torch.nn.Module] = OrderedDict()
        self.lock = RLock()  # what one network shares with another is loaded while it is

    def module(self, weights: Weights) -> torch.nn.Module:
        key = (weights, current())
        with self.lock:
            if key in self.modules:
                self.modules.move_to_end(key)
            else:
                self.make_room(_needed(weights), torch_device())
                self.modules[key] = _load(weights)
            return self.modules[key]

    def make_room(self, needed: int, device: torch.device) -> None:
        for key in [key for key in self.modules if key[1].kind == device.type]:
            if needed <= _free(device, self.modules):
                return
            del self.modules[key]
            gc.collect()
            _give_back(device)


_RESIDENT = _Resident()
"""The one store of the process, since a device's memory is one as well."""


def resident(weights: Weights) -> torch.nn.Module:
    """The weights' module on the current device in the current dtype, in eval mode, without gradients.

    On the CPU its parameters lie in the file's memory map where the dtype is the file's. Nobody may change it. Raises
    NodeError for a file that is missing, damaged, or of another network.
    """
    return _RESIDENT.module(weights)


def release_all() -> None:
    """Move every network out; those still held elsewhere live on there."""
    with _RESIDENT.lock:
        _RESIDENT.modules.clear()


def free_memory() -> None:
    """Give back what can be loaded or made again: resident networks, garbage, and torch's unused blocks."""
    release_all()
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _load(weights: Weights) -> torch.nn.Module:
    import torch

    device, dtype = torch_device(), torch_dtype()
    module = _built(weights, "meta")
    state = _read(weights, device, dtype)
    _compare(module, state, weights.path)
    if _has_tables(module):
        module = _built(weights, "cpu")
    module.load_state_dict(state, assign=True)
    module.to(device=device, dtype=dtype)
    if device.type == "cuda":
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module.eval().requires_grad_(False)


def _read(weights: Weights, device: torch.device, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """The tensors on the device, each in its final dtype before the next is read."""
    if weights.read is not None:
        return _placed(weights.read(weights.path), device, dtype)
    return _placed(_from_file(weights.path, device), device, dtype)


def _placed(
    tensors: Iterable[tuple[str, torch.Tensor]], device: torch.device, dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    return {name: one.to(device, dtype if one.is_floating_point() else None) for name, one in tensors}


def _from_file(path: str, device: torch.device) -> Iterator[tuple[str, torch.Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            for name in file.keys():  # noqa: SIM118 (it is no dict)
                yield name, file.get_tensor(name)
    except FileNotFoundError:
        raise NodeError(f"there is no weights file '{path}'", "install or download the model again") from None
    except (SafetensorError, OSError) as error:
        hint = "it is damaged, or no safetensors file; download it again"
        raise NodeError(f"the weights '{path}' cannot be read: {error}", hint) from error


def _compare(module: torch.nn.Module, state: Mapping[str, torch.Tensor], path: str) -> None:
    wanted = module.state_dict()
    missing = [f"{name} (not in the file)" for name in wanted if name not in state]
    strange = [f"{name} (only in the file)" for name in state if name not in wanted]
    shaped = [
        f"{name} ({list(state[name].shape)} in the file, {list(wanted[name].shape)} wanted)"
        for name in wanted
        if name in state and state[name].shape != wanted[name].shape
    ]
    wrong = [*missing, *strange, *shaped]
    if wrong:
        shown = ", ".join(wrong[:_SHOWN]) + (f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else "")
        told = f"the weights '{path}' are not those of this {type(module).__name__}: {shown}"
        raise NodeError(told, "give the file of this very network")


def _has_tables(module: torch.nn.Module) -> bool:
    """Whether it holds tensors that are computed, not stored: on the meta device they have no values."""
    stored = set(module.state_dict())
    if any(name not in stored for name, _ in module.named_buffers()):
        return True
    return any(hasattr(value, "is_meta") for one in module.modules() for value in vars(one).values())


def _built(weights: Weights, device: str) -> torch.nn.Module:
    """The module with nothing drawn for its parameters, whose values are replaced at once.

    To draw on the meta device would cost an import as long as that of torch, elsewhere it would cost random numbers.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class Blank(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            if func in drawn or getattr(func, "__module__", "") == "torch.nn.init":
                return args[0] if args else (kwargs or {})["tensor"]
            return func(*args, **(kwargs or {}))

    drawn = (torch.Tensor.uniform_, torch.Tensor.normal_)
    with torch.random.fork_rng(devices=[]), torch.device(device), Blank():
        return weights.build(**dict(weights.config))


def _needed(weights: Weights) -> int:
    """The weights' size in bytes: near enough to what the network takes, and half as much again to work in."""
    try:
        return (weights.size or os.path.getsize(weights.path)) * 3 // 2
    except OSError:
        return 0


def _free(device: torch.device, modules: Mapping[tuple[Weights, Device], torch.nn.Module]) -> int:
    """Bytes that networks may still take: what is free on a GPU, else half the computer's memory for all of them."""
    import torch

    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    tensors = (one for module in modules.values() for one in module.parameters() if one.device.type == device.type)
    return _physical_memory() // 2 - sum(one.nbytes for one in tensors)


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not told here, so not bounded here
        return sys.maxsize


def _give_back(device: torch.device) -> None:
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()
