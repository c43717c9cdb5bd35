"""Networks in the memory of a device: loaded once, shared by all that ask, moved out when room is needed."""

from __future__ import annotations

import gc
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

from .devices import FLOAT8, Device, current, torch_device, torch_dtype
from .garbage import no_search
from .loading import made
from .paging import Pages, paged_names

if TYPE_CHECKING:
    import torch

    from .diffusion.network import Weights

WORTH_NARROWING = 100_000_000
"""Numbers from which on a network is stored in float8 where that is asked for: text encoders and denoisers are, an
autoencoder, which would blur and save little, is not."""


class _Held(NamedTuple):
    """A module, and those of its layers that are paged."""

    module: torch.nn.Module
    pages: Pages | None


class _Resident:
    """Modules by weights and device, the least recently used first."""

    def __init__(self) -> None:
        self.held: OrderedDict[tuple[Weights, Device], _Held] = OrderedDict()
        self.lock = RLock()  # what one network shares with another is loaded while it is

    def get(self, weights: Weights) -> _Held:
        key = (weights, current())
        with self.lock:
            if key in self.held:
                self.held.move_to_end(key)
            else:
                free = self.make_room(_needed(weights), torch_device())
                with no_search():
                    self.held[key] = _load(weights, free)
            return self.held[key]

    def make_room(self, needed: int, device: torch.device) -> int:
        """Move networks out until so many bytes are free, or none is left; how many are."""
        for key in [key for key in self.held if key[1].kind == device.type]:
            if needed <= _free(device, self.modules):
                break
            del self.held[key]
            gc.collect()
            _give_back(device)
        return _free(device, self.modules)

    @property
    def modules(self) -> list[tuple[Device, torch.nn.Module]]:
        """Those that are held, and where."""
        return [(device, one.module) for (_, device), one in self.held.items()]


_RESIDENT = _Resident()
"""The one store of the process, since a device's memory is one as well."""


def resident(weights: Weights) -> torch.nn.Module:
    """The weights' module on the current device in the current dtype, in eval mode, without gradients.

    On the CPU its parameters lie in the file's memory map where the dtype is the file's; large layers of another type
    are converted when they are first asked. Where the network does not fit beside what it needs to work in, its layers
    stay in the computer's memory and come in turn. Nobody may change it. Raises NodeError for a file that is missing,
    damaged, or of another network.
    """
    return _RESIDENT.get(weights).module


def tensors(weights: Weights) -> dict[str, torch.Tensor]:
    """The tensors of the resident module by name, to be shared by another that is built on it."""
    held = _RESIDENT.get(weights)
    if held.pages is not None:
        held.pages.bring_all()
    return held.module.state_dict()


def release_all() -> None:
    """Move every network out; those still held elsewhere live on there."""
    with _RESIDENT.lock:
        _RESIDENT.held.clear()


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


def _load(weights: Weights, free: int) -> _Held:
    """The network whole on the device; or paged, where it does not fit, is stored narrow, or must be converted."""
    import torch

    device, dtype = torch_device(), torch_dtype()
    fits = _needed(weights) <= free
    waits = not fits or device.type == "cpu"  # there a copy in another type is not made before it is needed
    narrow = False

    def placing(module: torch.nn.Module) -> Callable[[str, torch.Tensor], torch.Tensor]:
        nonlocal narrow
        paged = paged_names(module) if waits or current().dtype == FLOAT8 else frozenset()
        narrow = current().dtype == FLOAT8 and sum(one.numel() for one in module.parameters()) >= WORTH_NARROWING

        def place(name: str, one: torch.Tensor) -> torch.Tensor:
            if not one.is_floating_point():
                return one.to(device)
            if name in paged and narrow:
                return one.to(device if fits else one.device, torch.float8_e4m3fn)
            return one if name in paged and waits else one.to(device, dtype)

        return place

    module = made(weights, placing)
    if device.type == "cuda" and fits:
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pages = Pages(module, device, dtype, 0 if narrow else None if fits else free // 2)
    return _Held(module, pages if pages.stored else None)


def _needed(weights: Weights) -> int:
    """The weights' size in bytes: near enough to what the network takes, and half as much again to work in."""
    try:
        return (weights.size or os.path.getsize(weights.path)) * 3 // 2
    except OSError:
        return 0


def _free(device: torch.device, modules: Sequence[tuple[Device, torch.nn.Module]]) -> int:
    """Bytes that networks may still take: what is free on a GPU, else half the computer's memory for all of them."""
    import torch

    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    taken = (one.nbytes for _, module in modules for one in module.parameters() if one.device.type == device.type)
    return _physical_memory() // 2 - sum(taken)


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not told here, so not bounded here
        return sys.maxsize


def _give_back(device: torch.device) -> None:
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()
