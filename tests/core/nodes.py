"""Nodes that do little, for tests of the engine; `CALLS` counts how often each was called."""

from __future__ import annotations

import enum
import itertools
import sys
import time
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, Protocol, TypeVar

import noisegraph as ng
import torch
from pydantic import Field, SecretStr

CALLS: Counter[str] = Counter()
MADE: list[weakref.ref[torch.Tensor]] = []
"""The tensors that nodes made, as long as somebody holds them."""
FRESH = itertools.count()
T = TypeVar("T")
Metres = NewType("Metres", float)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Animal:
    pass


class Dog(Animal):
    pass


class Pair(NamedTuple):
    first: int
    second: str


class Speaks(Protocol):
    def speak(self) -> str: ...


def _made(x: torch.Tensor) -> ng.Latent:
    MADE.append(weakref.ref(x))
    return ng.Latent(x)


@ng.node
def number(*, value: int = 0) -> int:
    """A whole number."""
    CALLS["number"] += 1
    return value


@ng.node
def real(*, value: Annotated[float, Field(ge=-1000, le=1000)] = 0.5) -> float:
    """A real number."""
    return value


@ng.node
def text(*, value: str = "") -> str:
    """A text."""
    return value


@ng.node
def add(a: int, b: int = 0, *, more: int = 0) -> int:
    """The sum."""
    CALLS["add"] += 1
    return a + b + more


@ng.node
def halve(a: float) -> float:
    """Half of it."""
    return a / 2


@ng.node
def total(items: list[int]) -> int:
    """The sum of a list."""
    return sum(items)


@ng.node
def order(items: list[int]) -> str:
    """The list in its order."""
    return ",".join(map(str, items))


@ng.node
def anything(*, value: Any = None) -> str:
    """The value as Python writes it."""
    CALLS["anything"] += 1
    return repr(value)


@ng.node
def whisper(*, secret: SecretStr) -> str:
    """A parameter of which JSON tells nothing."""
    return secret.get_secret_value()


@ng.node
def pair(*, first: int = 1, second: str = "b") -> Pair:
    """Two values."""
    CALLS["pair"] += 1
    return Pair(first, second)


@ng.node
def colour(*, of: Colour = Colour.RED, shade: Literal["dark", "light"] = "dark") -> str:
    """A colour's name."""
    return f"{shade} {of.value}"


@ng.node
def either(a: int | str) -> str:
    """A number or a text."""
    return str(a)


@ng.node
def maybe(a: int | None = None) -> int:
    """The number, or 0."""
    return a or 0


@ng.node
def dog() -> Dog:
    """A dog."""
    return Dog()


@ng.node
def pet(animal: Animal) -> str:
    """The kind of animal."""
    return type(animal).__name__


@ng.node
def length(a: Metres) -> float:
    """A length."""
    return float(a)


@ng.node
def measure(*, value: float = 1.0) -> Metres:
    """A length."""
    return Metres(value)


@ng.node(reads=lambda take: (take,))
def choose(first: T | None = None, second: T | None = None, *, take: Literal["first", "second"] = "first") -> T:
    """One of two."""
    chosen = first if take == "first" else second
    assert chosen is not None
    return chosen


@ng.node
def tensor(*, size: int = 4, value: float = 1.0) -> ng.Latent:
    """A tensor full of one value."""
    CALLS["tensor"] += 1
    return _made(torch.full((size,), value))


@ng.node(device=False)
def tensor_beside(*, size: int = 4, value: float = 1.0) -> ng.Latent:
    """As `tensor`, without a device."""
    return _made(torch.full((size,), value))


@ng.node
def scale(x: ng.Latent, *, by: float = 2.0) -> ng.Latent:
    """The tensor scaled."""
    CALLS["scale"] += 1
    return _made(x * by)


@ng.node
def spoil(x: ng.Latent, *, by: float = 2.0) -> ng.Latent:
    """Wrongly scales its input in place."""
    return ng.Latent(x.mul_(by))


@ng.node
def spoil_list(items: list[int]) -> int:
    """Wrongly appends to its input."""
    items.append(1)
    return len(items)


@ng.node
def numbers(*, upto: int = 3) -> list[int]:
    """0, 1, 2, ..."""
    return list(range(upto))


@ng.node
def fail(a: int = 0, *, told: str = "broken") -> int:
    """Raises."""
    CALLS["fail"] += 1
    raise ValueError(told)


@ng.node
def leave(a: int = 0, *, code: int = 3) -> int:
    """Calls sys.exit."""
    sys.exit(code)


@ng.node
def lie(a: int = 0) -> int:
    """Promises a number and gives a text."""
    return "three"  # type: ignore[return-value]


@ng.node
def lie_pair(a: int = 0) -> Pair:
    """Promises a pair and gives one value."""
    return 3  # type: ignore[return-value]


@ng.node
def nothing(a: int = 0) -> int:  # type: ignore[empty-body]
    """Gives nothing."""


@ng.node
def chatty(a: int = 0) -> int:
    """Prints."""
    print("hello from a node")
    return a


@ng.node
def not_a_number(a: int = 0) -> ng.Latent:
    """Gives NaN."""
    return ng.Latent(torch.tensor([1.0, float("nan")]))


@ng.node
def hungry(a: int = 0, *, times: int = 100) -> int:
    """Runs out of memory the first times that it is called."""
    CALLS["hungry"] += 1
    if CALLS["hungry"] <= times:
        raise MemoryError("no room for 8 GiB")
    return a


@ng.node(pure=False)
def fresh() -> int:
    """Another number each time."""
    return next(FRESH)


VERSION: dict[str, Any] = {"now": 1}


def _version(watch: str) -> Any:
    if VERSION["now"] == "raise":
        raise OSError("gone")
    return VERSION["now"]


@ng.node(version=_version)
def watched(*, watch: str = "x") -> int:
    """Depends on what its version function tells."""
    CALLS["watched"] += 1
    return CALLS["watched"]


def _ordered(low: int, high: int) -> None:
    if low > high:
        raise ValueError(f"low {low} is above high {high}")


@ng.node(validate=_ordered)
def span(a: int = 0, *, low: int = 0, high: int = 10, other: int = 0) -> int:
    """high - low."""
    return high - low


@ng.node
def content(*, file: Annotated[str, ng.FileKind((".txt",))]) -> str:
    """A file's text."""
    CALLS["content"] += 1
    with open(file) as stream:
        return stream.read()


class Count(NamedTuple):
    x: ng.Tensor
    n: int = 0


@ng.node
def count(x: ng.Latent, *, steps: int = 5, by: float = 1.0, until: int = 1000) -> ng.Loop[ng.Latent]:
    """Adds `by` in each of `steps` steps; its steps have keys of its own."""

    def step(state: Count, index: int) -> Count:
        CALLS["step"] += 1
        return Count(state.x + by, state.n + 1)

    return ng.Loop(lambda: Count(x), step, steps, lambda state: ng.Latent(state.x), done=lambda state: state.n >= until)


@ng.node
def slow_count(x: ng.Latent, *, steps: int = 5) -> ng.Loop[ng.Latent]:
    """Counts with 3 ms a step."""

    def step(state: Count, index: int) -> Count:
        CALLS["slow step"] += 1
        time.sleep(0.003)
        return Count(state.x + 0.125, state.n + 1)

    return ng.Loop(lambda: Count(x), step, steps, lambda state: ng.Latent(state.x))


@ng.node(device=False)
def read_slowly(*, seconds: float = 0.05) -> int:
    """Waits, as for a file; wants no device."""
    time.sleep(seconds)
    return 1


@ng.node(early=True)
def shared(
    x: ng.Latent, before: ng.Sampler, after: ng.Sampler, *, steps: int = 10, turn: int = 6
) -> ng.Loop[ng.Latent]:
    """Steps with `before` until `turn`, then with `after`; runs share the steps that read the same."""

    def acts(index: int) -> ng.Sampler:
        return before if index < turn else after

    def step(state: Count, index: int) -> Count:
        CALLS["step"] += 1
        return Count(acts(index).init(state.x), state.n + 1)

    return ng.Loop(
        lambda: Count(x), step, steps, lambda state: ng.Latent(state.x),
        reads=lambda index: (index, acts(index)), begins=(x,), preview=lambda state: state.x,
    )  # fmt: skip


@ng.node(early=True)
def adder(*, by: float = 1.0) -> ng.Sampler:
    """Something that adds, in the shape of a sampler."""
    return ng.Sampler(lambda x: x + by, lambda denoiser, state, step: state, noisy=False)


@dataclass(frozen=True, eq=False)
class Turns:
    """What two adders do, in turn."""

    before: Callable[[torch.Tensor], Any]
    after: Callable[[torch.Tensor], Any]


@ng.node(early=True)
def turns(before: ng.Sampler, after: ng.Sampler) -> Turns:
    """Something that holds what other nodes made."""
    return Turns(before.init, after.init)


@ng.node(early=True)
def turning(x: ng.Latent, turns: Turns, *, steps: int = 10, turn: int = 6) -> ng.Loop[ng.Latent]:
    """As `shared`, with what adds inside of something else."""

    def acts(index: int) -> Callable[[torch.Tensor], Any]:
        return turns.before if index < turn else turns.after

    def step(state: Count, index: int) -> Count:
        CALLS["step"] += 1
        return Count(acts(index)(state.x), state.n + 1)

    return ng.Loop(
        lambda: Count(x), step, steps, lambda state: ng.Latent(state.x),
        reads=lambda index: (index, acts(index)), begins=(x,),
    )  # fmt: skip


@ng.node
def spoil_history(x: ng.Latent, *, at: int = 100) -> ng.Loop[ng.Latent]:
    """A loop whose states share a history, which step `at` wrongly changes in place."""

    def step(state: Remembering, index: int) -> Remembering:
        CALLS["step"] += 1
        if index == at:
            state.history.add_(1)
        return Remembering(state.x + state.history, state.history)

    return ng.Loop(
        lambda: Remembering(x, x.clone()), step, 6, lambda state: ng.Latent(state.x),
        reads=lambda index: (index, index == at), begins=(x,),
    )  # fmt: skip


class Remembering(NamedTuple):
    x: ng.Tensor
    history: ng.Tensor


@ng.node
def contents(*, files: list[ng.File]) -> str:
    """The texts of files."""
    return "".join(Path(file).read_text() for file in files)


@ng.node
def spoil_state(x: ng.Latent, *, steps: int = 3) -> ng.Loop[ng.Latent]:
    """A loop that wrongly changes its state in place."""
    return ng.Loop(
        lambda: Count(x.clone()),
        lambda state, index: Count(state.x.add_(1), state.n + 1),
        steps,
        lambda state: ng.Latent(state.x),
    )


@ng.node
def fails_at(x: ng.Latent, *, steps: int = 10, at: int = 7) -> ng.Loop[ng.Latent]:
    """A loop that fails in step `at` as long as VERSION says so."""

    def step(state: Count, index: int) -> Count:
        CALLS["step"] += 1
        if index == at and VERSION["now"] == "raise":
            raise RuntimeError("the step failed")
        return Count(state.x + 1, state.n + 1)

    return ng.Loop(lambda: Count(x), step, steps, lambda state: ng.Latent(state.x))


NODES = [value for value in list(globals().values()) if callable(value) and hasattr(value, "__noisegraph__")]
