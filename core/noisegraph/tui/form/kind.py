"""How a parameter is edited, from its type; what its text means, and whether its limits allow it."""

from __future__ import annotations

import ast
import json
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeAlias

from ...errors import did_you_mean
from ..state.catalog import Port

Way: TypeAlias = Literal["int", "float", "choice", "bool", "text", "prompt", "file", "seed", "list", "json"]
_WAYS: dict[frozenset[str], Way] = {
    frozenset({"int"}): "int",
    frozenset({"float"}): "float",
    frozenset({"int", "float"}): "float",
    frozenset({"bool"}): "bool",
    frozenset({"str"}): "text",
    frozenset({"str", "list[str]"}): "prompt",
}
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_LISTS = ("list[int]", "list[float]", "tuple[int, ...]", "tuple[float, ...]")
_NONE = ("", "none", "null")


@dataclass(frozen=True)
class Kind:
    """The way of editing, the values to choose from, and whether nothing is a value, too."""

    way: Way
    choices: tuple[Any, ...] = ()
    optional: bool = False


def kind_of(port: Port) -> Kind:
    """The way that a parameter of this type is edited."""
    parts = port.type.split(" | ")
    kinds = frozenset(parts) - {"none"}
    optional = "none" in parts
    if port.file is not None:
        return Kind("file", optional=optional)
    choices = tuple(value for part in parts if part != "none" for value in _literal(part))
    if choices and len(choices) == len(kinds):
        return Kind("choice", (*choices, None) if optional else choices, optional)
    if kinds == {"int", "list[int]"} and port.name.endswith("seed"):
        return Kind("seed", optional=optional)
    if kinds <= {"int", "float", *_LISTS} and kinds & set(_LISTS):
        return Kind("list", optional=optional)
    if kinds == {"str"} and port.name.endswith("prompt"):
        return Kind("prompt", optional=optional)
    return Kind(_WAYS.get(kinds, "json"), optional=optional)


def kind_of_value(value: Any, name: str) -> Kind:
    """The way that a value is edited of which no type is known; its name tells of seeds and prompts."""
    if name.endswith("seed") and type(value) is int:
        return Kind("seed")
    if name.endswith("prompt") and type(value) is str:
        return Kind("prompt")
    ways: dict[type, Way] = {bool: "bool", int: "int", float: "float", str: "text"}
    return Kind(ways.get(type(value), "json"), optional=value is None)


def meant(text: str, kind: Kind, limits: Sequence[str] = ()) -> Any:
    """The value that a text means; raises ValueError with what is wrong with it."""
    stripped = text.strip()
    if kind.optional and stripped in _NONE and kind.way not in ("text", "prompt"):
        return None
    value = _READERS[kind.way](text, kind)
    if problem := outside(value, limits):
        raise ValueError(problem)
    return value


def outside(value: Any, limits: Sequence[str]) -> str:
    """What limit a value breaks (`must be <= 1`); empty where it keeps all."""
    for limit in limits:
        sign, _, bound = limit.partition(" ")
        if sign in _SIGNS:
            numbers = value if isinstance(value, list) else [value]
            if any(isinstance(one, (int, float)) and not _SIGNS[sign](one, float(bound)) for one in numbers):
                return f"must be {limit}"
        elif limit.startswith("multiple of") and isinstance(value, int) and value % int(float(limit[12:])):
            return f"must be a {limit}"
        elif limit.startswith("at ") and isinstance(value, list):
            least, count = limit.startswith("at least"), int(limit.split()[2])
            if len(value) < count if least else len(value) > count:
                return f"must hold {limit.removesuffix(' long')}"
    return ""


def shown(value: Any, kind: Kind) -> str:
    """A value as it is typed."""
    if value is None:
        return "none"
    if isinstance(value, str) and kind.way != "json":
        return value
    if kind.way in ("list", "seed") and isinstance(value, list) and not any(isinstance(one, list) for one in value):
        return ", ".join(map(json.dumps, value))
    return json.dumps(value, ensure_ascii=False)


def stepped(text: str, kind: Kind, limits: Sequence[str], steps: int) -> str:
    """The number some steps further, within its limits; the text itself where it is no number."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return text
    if kind.way in ("int", "seed"):
        multiple = next((Decimal(limit[12:]) for limit in limits if limit.startswith("multiple of")), Decimal(1))
        moved = str(int(number + steps * multiple))
    else:
        exponent = number.as_tuple().exponent
        places = max(1, -exponent if isinstance(exponent, int) else 1)
        moved = f"{number + steps * Decimal(1).scaleb(-places):.{places}f}"
    return text if outside(json.loads(moved), limits) else moved


def short(limits: Sequence[str]) -> str:
    """Limits in few signs: `0…30`, `≥ 1`."""
    low = next((limit[3:] for limit in limits if limit.startswith(">= ")), "")
    high = next((limit[3:] for limit in limits if limit.startswith("<= ")), "")
    rest = [limit for limit in limits if limit not in (f">= {low}", f"<= {high}")]
    if low and high:
        return " ".join([f"{low}…{high}", *rest])
    if any(len(limit) > 20 for limit in rest):  # a seed's bound says nothing to anybody
        rest = [limit for limit in rest if len(limit) <= 20]
    return " ".join([*(f"≥ {low}" for _ in low[:1]), *(f"≤ {high}" for _ in high[:1]), *rest])


def tokens(text: str) -> int:
    """About how many tokens a text has: words and signs, long words being several."""
    count = 0
    for word in text.split():
        letters = sum(map(str.isalnum, word))
        count += len(word) - letters + -(-letters // 8)
    return count


def _literal(text: str) -> tuple[Any, ...]:
    if text[:1] not in "'\"-0123456789":
        return ()
    try:
        return (ast.literal_eval(text),)
    except (ValueError, SyntaxError):
        return ()


def _whole(text: str, kind: Kind) -> Any:
    try:
        return int(text.strip())
    except ValueError:
        raise ValueError(f"wants a whole number, found {text.strip()[:30] or 'nothing'}") from None


def _number(text: str, kind: Kind) -> Any:
    try:
        value = float(text.strip())
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"wants a number, found {text.strip()[:30] or 'nothing'}")
    return json.loads(text) if _is_json(text) else value


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _choice(text: str, kind: Kind) -> Any:
    known = {shown(choice, kind): choice for choice in kind.choices}
    if text.strip() not in known:
        hint = did_you_mean(text.strip(), known) or f"choose of {', '.join(known)}"
        raise ValueError(f"no choice '{text.strip()[:30]}'; {hint}")
    return known[text.strip()]


def _bool(text: str, kind: Kind) -> Any:
    if text.strip().lower() not in ("true", "false"):
        raise ValueError(f"wants true or false, found {text.strip()[:30] or 'nothing'}")
    return text.strip().lower() == "true"


def _list(text: str, kind: Kind) -> Any:
    if text.strip().startswith("["):
        return _json(text, kind)
    parts = [part for part in text.replace("\n", ",").split(",") if part.strip()]
    values = [_number(part, kind) for part in parts]
    return values[0] if len(values) == 1 and "," not in text else values


def _seed(text: str, kind: Kind) -> Any:
    if "," in text or text.strip().startswith("["):
        return _list(text, kind)
    return _whole(text, kind)


def _json(text: str, kind: Kind) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}") from None


def _text(text: str, kind: Kind) -> Any:
    return text


def _file(text: str, kind: Kind) -> Any:
    """A path, or a list of paths."""
    listed = json.loads(text) if text.strip().startswith("[") and _is_json(text) else None
    return listed if isinstance(listed, list) else text


_READERS: dict[Way, Callable[[str, Kind], Any]] = {
    "int": _whole,
    "float": _number,
    "choice": _choice,
    "bool": _bool,
    "text": _text,
    "prompt": _text,
    "file": _file,
    "seed": _seed,
    "list": _list,
    "json": _json,
}
