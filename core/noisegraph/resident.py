"""Networks in the memory of a device: loaded once, shared by all that ask, moved out when room is needed."""

from __future__ import annotations

import gc
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

from .devices import FLOAT8, Device, current, torch_device, torch_dtype
from .garbage import no_search
from .loading import Stored, made
from .paging import Pages, paged_names

if TYPE_CHECKING:
    import torch

WORTH_NARROWING = 100_000_000
"""Numbers from which on a network is stored in float8 where that is asked for: text encoders and denoisers are, an
autoencoder, which would blur and save little, is not."""


class _Held(NamedTuple):
    """A module, those of its layers that are paged, and how many bytes it has to itself at most."""

    module: torch.nn.Module
    pages: Pages | None
    size: int


class _Resident:
    """Modules by weights and device, the least recently used first."""

    def __init__(self) -> None:
        self.held: OrderedDict[tuple[Stored, Device], _Held] = OrderedDict()
        self.lock = RLock()  # what one network shares with another is loaded while it is

    def get(self, weights: Stored) -> _Held:
        key = (weights, current())
        with self.lock:
            if key in self.held:
                self.held.move_to_end(key)
            else:
                with no_search():
                    self.held[key] = _Loading(self.make_room).held(weights)
            return self.held[key]

    def make_room(self, needed: int, device: torch.device) -> int:
        """Move networks out until so many bytes are free, or none is left; how many are."""
        for key in [key for key in self.held if key[1].kind == device.type]:
            if needed <= self.free(device):
                break
            del self.held[key]
            gc.collect()
            _give_back(device)
        return self.free(device)

    def free(self, device: torch.device) -> int:
        """Bytes that networks may still take there."""
        return _free(device, [one.size for (_, there), one in self.held.items() if there.kind == device.type])


_RESIDENT = _Resident()
"""The one store of the process, since a device's memory is one as well."""


def resident(weights: Stored) -> torch.nn.Module:
    """The weights' module on the current device in the current dtype, in eval mode, without gradients.

    On the CPU its parameters lie in the file's memory map where the dtype is the file's; large layers of another type
    are converted when they are first asked. Where the network does not fit beside what it needs to work in, its layers
    stay in the computer's memory and come in turn. Nobody may change it. Raises NodeError for a file that is missing,
    damaged, or of another network.
    """
    return _RESIDENT.get(weights).module


def tensors(weights: Stored) -> dict[str, torch.Tensor]:
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


class _Loading:
    """How one network is put on the device: whole; or paged, where it has no room, is narrow, or must be converted."""

    def __init__(self, make_room: Callable[[int, torch.device], int]) -> None:
        self.make_room = make_room
        self.device, self.dtype = torch_device(), torch_dtype()
        self.narrow = False
        self.size = self.free = 0
        self.waiting: list[str] = []
        """Weights that are brought in when their layer is asked."""

    @property
    def fits(self) -> bool:
        """Whether there is room for it, and half as much again to work in."""
        return self.size * 3 // 2 <= self.free

    def held(self, weights: Stored) -> _Held:
        """The network, loaded."""
        import torch

        module = made(weights, self.placing)
        if self.device.type == "cuda" and self.fits:
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        half = max(0, self.free // 2)
        room = 0 if self.narrow else None if self.fits else half
        pages = Pages(module, self.waiting, self.device, self.dtype, room) if self.waiting else None
        return _Held(module, pages, self.size if self.fits else min(self.size, half))

    def placing(
        self, module: torch.nn.Module, blanks: Mapping[str, torch.Tensor]
    ) -> Callable[[str, torch.Tensor], torch.Tensor]:
        """Make room for what the network will take, of which its file may have more or less."""
        import torch

        numbers = sum(one.numel() for one in blanks.values())
        self.narrow = current().dtype == FLOAT8 and numbers >= WORTH_NARROWING
        paged = cache(lambda: paged_names(module))
        narrow = sum(blanks[name].numel() for name in paged()) if self.narrow else 0
        self.size = numbers * self.dtype.itemsize - narrow * (self.dtype.itemsize - 1)
        self.free = self.make_room(self.size * 3 // 2, self.device)
        # on the CPU a copy in another type is not made before it is needed
        waits = not self.fits or self.device.type == "cpu" or self.narrow

        def place(name: str, one: torch.Tensor) -> torch.Tensor:
            if one.dtype == self.dtype and one.device.type == self.device.type and not self.narrow:
                return one
            if not one.is_floating_point():
                return one.to(self.device)
            if not waits or name not in paged():
                return one.to(self.device, self.dtype)
            self.waiting.append(name)
            return one.to(self.device if self.fits else one.device, torch.float8_e4m3fn) if self.narrow else one

        return place


def _free(device: torch.device, taken: Sequence[int]) -> int:
    """Bytes that networks may still take: what is free on a GPU, else half the computer's memory for all of them."""
    import torch

    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
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
