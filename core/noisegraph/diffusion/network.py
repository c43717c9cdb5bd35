"""A network as a value: where its weights lie, how to build it, and what its output means; loaded when first asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import NodeError
from .level import Level, Process
from .onto import onto
from .prediction import Predicted, Prediction, to_x0

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


class Reader(Protocol):
    """Reads weights that do not lie in a safetensors file under the module's own names; hashable, equal to its like.

    Gives the tensors one after another, on the CPU and where it can in the file's memory map. Raises NodeError.
    """

    def __call__(self, path: str, /) -> Iterable[tuple[str, Tensor]]: ...


@dataclass(frozen=True)
class Weights:
    """Weights in a file and the function that makes the module they belong to; equal ones share one resident module.

    `build(**config)` returns a module with the file's parameter names, or with those that `read` gives the tensors.
    `digest` is the file's content hash, in hex. `size`: bytes that the tensors take, where the file holds others too.
    """

    path: str
    digest: str
    build: Callable[..., Module]
    config: tuple[tuple[str, Any], ...] = ()
    read: Reader | None = None
    size: int | None = None

    def module(self) -> Module:
        """The module on the current device in the current precision, in eval mode, loaded once."""
        from ..resident import resident

        return resident(self)

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors of that module by name, for another that shares them and changes nothing."""
        from ..resident import tensors

        return tensors(self)


@dataclass(frozen=True)
class Network:
    """A denoising network: called as module(x, t, **condition) with x [batch, ...] and t [batch]."""

    weights: Weights
    process: Process
    prediction: Prediction
    learned_variance: bool = False
    """Whether the output has twice the channels of x, the second half being the variance in [-1, 1]."""

    def predict(self, x: Tensor, level: Level, condition: Mapping[str, Tensor]) -> Predicted:
        """x0 (and variance) in the dtype and on the device of x; the network itself runs in its own, on its own.

        The level may be of any process: x is scaled to the network's own, at the same signal-to-noise ratio. Raises
        NodeError for a condition that is neither one nor one an item.
        """
        import torch

        check_batch(condition, len(x))
        level, scale = self._own(level)
        x = x if scale == 1 else x * scale

        module = self.weights.module()
        weight = next(module.parameters())
        t = torch.full((len(x),), level.t, dtype=torch.float32, device=weight.device)
        inner = {
            name: onto(value, weight.device, weight.dtype if value.is_floating_point() else None)
            for name, value in condition.items()
        }
        output = module(x.to(weight), t, **inner).to(x)
        variance = None
        if self.learned_variance:
            output, raw = output.chunk(2, dim=1)
            variance = (raw + 1) / 2
        return Predicted(to_x0(output, x, level, self.prediction), variance)

    def _own(self, level: Level) -> tuple[Level, float]:
        """The level of the network's process with this log-SNR, and by what x is multiplied to be at it."""
        own = self.process.at_log_snr(level.log_snr)
        scale = own.sigma / level.sigma if level.sigma > 0 else own.alpha / level.alpha
        return own, 1.0 if math.isclose(scale, 1, rel_tol=1e-9) else scale


def check_batch(condition: Mapping[str, Tensor], batch: int) -> None:
    """Raise NodeError where a condition is neither one for all of the batch nor one for each."""
    for name, value in condition.items():
        if len(value) not in (1, batch):
            told = f"the condition '{name}' is of {len(value)} items, the state of {batch}"
            raise NodeError(told, "draw as many as there are conditions, or give one condition for all")
