"""A network made from its file: an empty module, and the file's tensors put into it where they belong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import NodeError

if TYPE_CHECKING:
    import torch

    from .diffusion.network import Weights

Placing: TypeAlias = "Callable[[torch.nn.Module], Callable[[str, torch.Tensor], torch.Tensor]]"
"""For a module without values yet: what becomes of a tensor of this name that the file has."""
_SHOWN = 5


def made(weights: Weights, placing: Placing) -> torch.nn.Module:
    """The module with its tensors, in eval mode; each is placed before the next is read.

    Raises NodeError for a file that is missing, damaged, or of another network.
    """
    module = _blank(weights, "meta")
    read = weights.read(weights.path) if weights.read is not None else _from_file(weights.path)
    place = placing(module)
    state = {name: place(name, tensor) for name, tensor in read}
    _compare(module, state, weights.path)
    if _has_tables(module):
        module = _blank(weights, "cpu")
        state |= {name: place(name, one) for name, one in module.named_buffers() if name not in state}
    return _filled(module, state)


def _blank(weights: Weights, device: str) -> torch.nn.Module:
    """The module with nothing drawn for its parameters, whose values are replaced at once.

    To draw on the meta device would cost an import as long as that of torch, elsewhere it would cost random numbers.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class Blank(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            kwargs = kwargs or {}
            if func in drawn:
                return args[0] if args else kwargs["tensor"]
            return func(*args, **kwargs)

    drawn = {torch.Tensor.uniform_, torch.Tensor.normal_}
    drawn |= {one for name, one in vars(torch.nn.init).items() if name.endswith("_") and callable(one)}
    with torch.random.fork_rng(devices=[]), torch.device(device), Blank():
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
    from torch import Tensor

    return any(
        one._non_persistent_buffers_set or any(isinstance(value, Tensor) for value in vars(one).values())
        for one in module.modules()
    )


def _filled(module: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """The module with these tensors for its own, as `load_state_dict(assign=True)` would have it in twice the time."""
    from torch.nn import Parameter

    for place, owner in module.named_modules():
        owner.training = False
        prefix = f"{place}." if place else ""
        for name in owner._parameters:
            if owner._parameters[name] is not None:
                owner._parameters[name] = Parameter(state[f"{prefix}{name}"], requires_grad=False)
        for name in owner._buffers:
            if f"{prefix}{name}" in state:
                owner._buffers[name] = state[f"{prefix}{name}"]
    return module
