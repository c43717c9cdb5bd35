"""Which device and precision a run uses: chosen without torch, asked for by nodes, checked when first needed."""

from __future__ import annotations

import os
import platform
import re
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import GraphError, NodeError, did_you_mean

if TYPE_CHECKING:
    import torch

KINDS = ("cpu", "cuda", "mps")
DTYPES = ("float32", "bfloat16", "float16", "float64", "float8")
FLOAT8 = "float8"
"""Large networks are stored in 8 bits a number (e4m3) and work in the device's own dtype, layer by layer."""
_SHORT = {
    "fp32": "float32",
    "bf16": "bfloat16",
    "fp16": "float16",
    "half": "float16",
    "fp64": "float64",
    "fp8": FLOAT8,
    "float8_e4m3fn": FLOAT8,
}
_NO_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory|CUBLAS_STATUS_ALLOC_FAILED", re.I)
_CURRENT: ContextVar[Device | None] = ContextVar("device", default=None)


@dataclass(frozen=True, slots=True)
class Device:
    """A device by torch's name ("cpu", "cuda:1") and the dtype of networks there."""

    name: str
    dtype: str

    @property
    def kind(self) -> str:
        """The name without a number."""
        return self.name.partition(":")[0]

    @property
    def precision(self) -> str:
        """What results depend on, `cpu/float32`: devices of one kind count as the same."""
        return f"{self.kind}/{self.dtype}"

    def on(self, told: str) -> Device:
        """What a node says, `cuda`, `cuda/float16` or `/float16`: what it leaves out is as here; raises GraphError.

        On another device the dtype is that one's own where it is its own here.
        """
        name, _, dtype = told.partition("/")
        same = self.dtype if not name else "auto" if self.dtype == _default_dtype(self.kind) else self.dtype
        return resolve(name or self.name, dtype or same)


def resolve(name: str = "auto", dtype: str = "auto") -> Device:
    """The device that is meant, told without importing torch; raises GraphError for one that cannot be.

    auto: cuda where there are a GPU and a torch that can use it, else mps, else cpu; bfloat16 on cuda, else float32.
    """
    if name == "auto":
        name = "cuda" if _has_cuda() else "mps" if _has_mps() else "cpu"
    kind = name.partition(":")[0]
    if not re.fullmatch(r"cpu|mps|cuda(:\d{1,3})?", name):
        hint = did_you_mean(name, KINDS) or "take auto, cpu, cuda, cuda:1 or mps"
        raise GraphError.of(f"no such device: '{name}'", hint)
    if kind == "cuda" and _torch_version().endswith("+cpu"):
        raise GraphError.of(
            f"this torch ({_torch_version()}) cannot use {name}", "install a torch with CUDA: pytorch.org"
        )
    if kind == "mps" and sys.platform != "darwin":
        raise GraphError.of("the device 'mps' is there on macOS only", "take auto")
    dtype = _default_dtype(kind) if dtype == "auto" else _SHORT.get(dtype, dtype)
    if dtype not in DTYPES:
        hint = did_you_mean(dtype, (*DTYPES, *_SHORT)) or f"take auto, {', '.join(DTYPES)}"
        raise GraphError.of(f"no such dtype: '{dtype}'", hint)
    if kind == "mps" and dtype == "float64":
        raise GraphError.of("the device 'mps' has no float64", "take float32")
    return Device(name, dtype)


def current() -> Device:
    """The device of the run, or of the node that has its own; outside of a run, what `resolve` finds."""
    return _CURRENT.get() or resolve()


class using:
    """Make the device current, in this thread and context, until the end of the block."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def __enter__(self) -> None:
        self._token = _CURRENT.set(self._device)

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._token)


def torch_device() -> torch.device:
    """The current device, for torch; raises NodeError where it is not there."""
    return _present(current().name)


def torch_dtype() -> torch.dtype:
    """The dtype that networks run in on the current device."""
    import torch

    here = current()
    dtype: torch.dtype = getattr(torch, _default_dtype(here.kind) if here.dtype == FLOAT8 else here.dtype)
    return dtype


device, dtype = torch_device, torch_dtype
"""The names under which nodes know them: `ng.device()`, `ng.dtype()`."""


def out_of_memory(error: BaseException) -> bool:
    """Whether the error says that the memory of the device, or of the computer, did not suffice."""
    if isinstance(error, MemoryError):
        return True
    kind = getattr(sys.modules.get("torch"), "OutOfMemoryError", None)
    if kind is not None and isinstance(error, kind):
        return True
    return isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error)) is not None


@cache
def _present(name: str) -> torch.device:
    import torch

    device = torch.device(name)
    if device.type == "cuda" and not (device.index or 0) < torch.cuda.device_count():
        found = f"{torch.cuda.device_count()} CUDA devices were found"
        raise NodeError(f"the device '{name}' is not there: {found}", "take another with --device")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise NodeError("the device 'mps' is not there", "take --device cpu")
    return device


def _default_dtype(kind: str) -> str:
    return "bfloat16" if kind == "cuda" else "float32"


def _has_cuda() -> bool:
    """A GPU's device file, or the driver's library on Windows, and a torch that is not for the CPU alone."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return False
    driver = Path(os.environ.get("SYSTEMROOT", "")) / "System32" / "nvcuda.dll"
    there = driver.exists() if os.name == "nt" else any(map(os.path.exists, _gpu_files()))
    return there and not _torch_version().endswith("+cpu")


def _gpu_files() -> list[str]:
    """NVIDIA's, WSL's and AMD's."""
    return [*(f"/dev/nvidia{number}" for number in range(16)), "/dev/dxg", "/dev/kfd"]


def _has_mps() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"


def _torch_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
