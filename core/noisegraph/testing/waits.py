"""Whether a GPU would be waited for, found without one: torch's meta device has shapes, but no numbers to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode


@contextmanager
def never_waiting() -> Iterator[None]:
    """For work on tensors of the meta device: raises AssertionError where a GPU would be waited for.

    That is where a number is looked at (`.item()`, `bool`, `float`, `.tolist()`, a mask as an index), and where a
    tensor is copied from the CPU or to it in another way than by `ng.onto`.
    """
    copied: list[str] = []
    try:
        with ExitStack() as watched:
            watched.enter_context(_copies(copied))
            watched.enter_context(_made_of_numbers(copied))
            yield
    except (RuntimeError, NotImplementedError, TypeError) as error:
        raise AssertionError(f"it looks at a number of a tensor (.item(), bool, float): {error}") from error
    assert not copied, f"a GPU would be waited for in {copied}; bring tensors there by ng.onto"


def _copies(copied: list[str]) -> TorchDispatchMode:
    """Writes down every copy between devices that is waited for."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Copies(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            told = kwargs or {}
            result = function(*args, **told)
            name = str(function)
            if name.startswith(("aten._to_copy", "aten.copy_")):
                tensors = (*args, result) if name.startswith("aten._to_copy") else args
                devices = {one.device.type for one in tensors if isinstance(one, torch.Tensor)}
                waits = not (told.get("non_blocking") or True in args[2:])
                copied.extend([name] if len(devices) > 1 and waits else [])
            return result

    return Copies()  # type: ignore[no-untyped-call]


def _made_of_numbers(copied: list[str]) -> TorchFunctionMode:
    """Writes down every tensor that is made of Python's numbers elsewhere than on the CPU, which is a copy as well."""
    import torch
    from torch.overrides import TorchFunctionMode

    makers = {torch.tensor: 0, torch.as_tensor: 0, torch.Tensor.new_tensor: 1}  # and where the numbers stand

    class Made(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            told = kwargs or {}
            result = function(*args, **told)
            if function in makers and result.device.type != "cpu":
                data = told["data"] if "data" in told else args[makers[function]]
                copied.extend([] if isinstance(data, torch.Tensor) else [function.__name__])
            return result

    return Made()
