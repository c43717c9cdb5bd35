"""A network made from its file: an empty module, and the file's tensors put into it where they belong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from .errors import NodeError

if TYPE_CHECKING:
    import torch

Placing: TypeAlias = (
    "Callable[[torch.nn.Module, Mapping[str, torch.Tensor]], Callable[[str, torch.Tensor], torch.Tensor]]"
)
"""For a module without values yet, and what it wants by name: what becomes of a tensor that the file has."""
_CONSTRUCTORS = (
    *("arange", "as_tensor", "asarray", "empty", "empty_permuted", "empty_strided", "eye", "full", "linspace"),
    *("logspace", "ones", "rand", "randint", "randn", "randperm", "range", "scalar_tensor", "tensor", "tril_indices"),
    *("triu_indices", "zeros", "bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"),
)
"""Functions of torch whose tensors lie on the default device."""
_SHOWN = 5


class Stored(Protocol):
    """Weights in a file, and how the module is built that they belong to; hashable, equal to its like."""

    @property
    def path(self) -> str:
        """The file, or a folder of such."""

    @property
    def build(self) -> Callable[..., torch.nn.Module]:
        """Makes the module of a configuration."""

    @property
    def config(self) -> tuple[tuple[str, Any], ...]:
        """The configuration, by name."""

    @property
    def read(self) -> Callable[[str], Iterable[tuple[str, torch.Tensor]]] | None:
        """Gives the tensors of what lies there; None for those of a safetensors file under the module's own names."""


class _Slot(NamedTuple):
    """Where a tensor of a module belongs."""

    holder: dict[str, torch.Tensor | None]
    name: str
    kept: Callable[[torch.Tensor], torch.Tensor]
    """What it becomes there."""

    @property
    def blank(self) -> torch.Tensor:
        """What is there before."""
        found = self.holder[self.name]
        assert found is not None
        return found

    def fill(self, value: torch.Tensor) -> None:
        """Put the tensor there."""
        self.holder[self.name] = self.kept(value)


def made(weights: Stored, placing: Placing) -> torch.nn.Module:
    """The module with its tensors, in eval mode; each is placed before the next is read.

    Raises NodeError for a file that is missing, damaged, or of another network.
    """
    module = _blank(weights, "meta")
    slots, computes = _slots(module)
    if computes:
        module = _blank(weights, "cpu")
        slots, _ = _slots(module)
    place = placing(module, {name: slot.blank for name, slot in slots.items()})
    read = weights.read(weights.path) if weights.read is not None else _from_file(weights.path)
    filled = _fill(slots, read, place, f"the weights '{weights.path}' are not those of this {type(module).__name__}")
    if computes:
        for name, one in module.named_buffers():
            if name not in filled:
                owner, _, last = name.rpartition(".")
                module.get_submodule(owner)._buffers[last] = place(name, one)
    return module


def _blank(weights: Stored, device: str) -> torch.nn.Module:
    """The module with nothing drawn for its parameters, whose values are replaced at once.

    To draw on the meta device would cost an import as long as that of torch, elsewhere it would cost random numbers.
    One mode for both this and the device takes half the time of two.
    """
    from contextlib import nullcontext

    import torch
    from torch.overrides import TorchFunctionMode

    class Blank(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            kwargs = kwargs or {}
            if func in drawn:
                return args[0] if args else kwargs["tensor"]
            if func in constructors and kwargs.get("device") is None:
                kwargs = {**kwargs, "device": there}
            return func(*args, **kwargs)

    there = torch.device(device)
    constructors = {getattr(torch, name) for name in _CONSTRUCTORS}
    drawn = {torch.Tensor.uniform_, torch.Tensor.normal_}
    drawn |= {one for name, one in vars(torch.nn.init).items() if name.endswith("_") and callable(one)}
    # nothing on the meta device takes from the one generator of all threads, so that it needs no putting back
    with nullcontext() if device == "meta" else torch.random.fork_rng(devices=[]), Blank():
        return weights.build(**dict(weights.config))


def _from_file(path: str) -> Iterator[tuple[str, torch.Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            for name in file.keys():  # noqa: SIM118 (it is no dict)
                yield name, file.get_tensor(name)
    except FileNotFoundError:
        raise NodeError(f"there is no weights file '{path}'", "install or download the model again") from None
    except (SafetensorError, OSError) as error:
        hint = "it is damaged, or no safetensors file; download it again"
        raise NodeError(f"the weights '{path}' cannot be read: {error}", hint) from error


def _slots(module: torch.nn.Module) -> tuple[dict[str, _Slot], bool]:
    """What a file is to bring, and whether the module computes tensors of its own; it is in eval mode after that.

    What is computed, not stored, has no values on the meta device.
    """
    from torch import Tensor
    from torch.nn import Parameter

    def parameter(value: Tensor) -> Tensor:
        return Parameter(value, requires_grad=False)

    def buffer(value: Tensor) -> Tensor:
        return value

    slots: dict[str, _Slot] = {}
    computes = False
    owners = [("", module)]
    for prefix, owner in owners:
        owners += [(f"{prefix}{name}.", inner) for name, inner in owner._modules.items() if inner is not None]
        owner.training = False
        computed = owner._non_persistent_buffers_set
        computes = computes or bool(computed) or Tensor in map(type, vars(owner).values())
        for name, one in owner._parameters.items():
            if one is not None:
                slots[prefix + name] = _Slot(owner._parameters, name, parameter)  # type: ignore[arg-type]
        for name, held in owner._buffers.items():
            if held is not None and name not in computed:
                slots[prefix + name] = _Slot(owner._buffers, name, buffer)
    return slots, computes


def _fill(
    slots: Mapping[str, _Slot],
    read: Iterable[tuple[str, torch.Tensor]],
    place: Callable[[str, torch.Tensor], torch.Tensor],
    wrong: str,
) -> set[str]:
    """Give every slot its tensor, as `load_state_dict(assign=True)` would in twice the time; the names of those read.

    Raises NodeError for tensors that are missing, or that fit nowhere.
    """
    filled: set[str] = set()
    strange: list[str] = []
    shaped: list[str] = []
    for name, tensor in read:
        slot = slots.get(name)
        if slot is None:
            strange.append(f"{name} (only in the file)")
        elif name not in filled and slot.blank.shape != tensor.shape:
            shaped.append(f"{name} ({list(tensor.shape)} in the file, {list(slot.blank.shape)} wanted)")
        else:
            slot.fill(place(name, tensor))
        filled.add(name)
    missing = [f"{name} (not in the file)" for name in slots if name not in filled]
    differing = [*missing, *strange, *shaped]
    if differing:
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        raise NodeError(f"{wrong}: {', '.join(differing[:_SHOWN])}{more}", "give the file of this very network")
    return filled
