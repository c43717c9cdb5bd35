"""A tensor brought onto a device, without waiting for a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def onto(tensor: torch.Tensor, device: torch.device, dtype: torch.dtype | None = None) -> torch.Tensor:
    """The tensor on a device and in a dtype, its own if not told; itself where it is both already.

    What comes from the CPU goes to a GPU from pinned memory: a plain copy would wait for all that the GPU has to do.
    """
    converted = tensor if dtype is None else tensor.to(dtype)
    if device.type == "cuda" and converted.device.type == "cpu":
        converted = converted.pin_memory()
    return converted.to(device, non_blocking=device.type != "cpu")
