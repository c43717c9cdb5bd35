"""References resolved: what `$name.field` stands for in a graph, through sub-graphs in both directions."""

from __future__ import annotations

from typing import Any

from ..errors import MOST_TOLD, Problem, did_you_mean
from .problems import Problems
from .scope import ARGS, Arg, Broken, Literal, Scope, Several, Wire

Path = tuple[str | int, ...]
FARTHEST = 128
"""Through how many inputs and outputs of graphs, one behind the other, a reference may lead."""


class References:
    """Resolves the references of one opened graph; tells of those that lead nowhere."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self._depth = 0

    def value(self, scope: Scope, value: Any, path: Path) -> Arg:
        """What is written at a port, with its references found."""
        if type(value) is str and value[:1] == "$":
            return self.reference(scope, value, path)
        if type(value) is list and any(type(item) is str and item[:1] == "$" and item[:2] != "$$" for item in value):
            return Several(tuple(self.value(scope, item, (*path, index)) for index, item in enumerate(value)))
        return self.plain(scope, value, path) if type(value) in (list, dict) else value

    def plain(self, scope: Scope, value: Any, path: Path) -> Any:
        """A list or object without references; `$$` becomes `$`."""
        if type(value) is list:
            return [self.plain(scope, item, (*path, index)) for index, item in enumerate(value)]
        if type(value) is dict:
            return {key: self.plain(scope, item, (*path, key)) for key, item in value.items()}
        if type(value) is str and value[:1] == "$":
            if value[:2] == "$$":
                return value[1:]
            told = "a reference cannot stand here; it stands alone on a port, or in a port's list"
            self.problems.append(Problem(scope.place(*path), told, 'write "$$" for a literal dollar'))
        return value

    def reference(self, scope: Scope, text: str, path: Path) -> Arg:
        """What a text that begins with a dollar stands for."""
        known = scope.known
        if text in known:
            return known[text]
        if text[:2] == "$$":
            return text[1:]
        self._depth += 1
        try:
            known[text] = self._resolve(scope, text, path)
        except _EndlessError as error:
            self.problems.append(Problem(scope.place(*path), f"{text} {error}"))
            known[text] = Broken()
        finally:
            self._depth -= 1
        return known[text]

    def _resolve(self, scope: Scope, text: str, path: Path) -> Arg:
        if self._depth > FARTHEST:
            raise _EndlessError(f"leads through more than {FARTHEST} graphs")
        name, *fields = text[1:].split(".")
        if name in scope.bound:
            return self._field(scope, self._bound(scope, name), fields, text, path)
        if name in scope.graphs:
            target = scope.graphs[name]
            outputs = target.graph.outputs
            first = fields[0] if fields else next(iter(outputs)) if len(outputs) == 1 else ""
            if first in outputs:
                return self._field(scope, self.output(target, first), fields[1:], text, path)
            told = f"{text}: {target.graph.name} has {f'no output {first!r}' if fields else 'several outputs'}"
            hint = did_you_mean(first, outputs) or f"it has {', '.join(outputs) or 'none'}"
            self.problems.append(Problem(scope.place(*path), told, hint))
            return Broken()
        node = scope.known.get(f"${name}")
        if type(node) is Wire:
            return Wire(node.node, tuple(fields))
        told_already = name in scope.graph.nodes or name in (scope.graph.left_out or ())
        if not told_already:
            known = [*scope.graph.inputs, *scope.graph.nodes] if len(self.problems) < MOST_TOLD else []
            hint = did_you_mean(name, known) or 'name an input or a node; "$$" begins a literal dollar'
            self.problems.append(Problem(scope.place(*path), f"{text[:200]} refers to nothing", hint))
        return Broken()

    def _bound(self, scope: Scope, name: str) -> Arg:
        arg = scope.bound[name]
        if arg is Ellipsis:
            assert scope.parent is not None
            scope.bound[name] = _Busy
            path = ("nodes", scope.within, name)
            arg = self.value(scope.parent, scope.parent.graph.nodes[scope.within][name], path)
            arg = arg if type(arg) in ARGS else Literal(arg, (scope.parent, path))
            scope.bound[name] = arg
        if arg is _Busy:
            raise _EndlessError("leads back to itself")
        return arg

    def output(self, scope: Scope, name: str) -> Arg:
        """What an output of a graph stands for."""
        return self.reference(scope, scope.graph.outputs[name], ("outputs", name))

    def _field(self, scope: Scope, arg: Arg, fields: list[str], text: str, path: Path) -> Arg:
        if not fields or type(arg) is Broken:
            return arg
        if type(arg) is Wire:
            return Wire(arg.node, (*arg.fields, *fields))
        self.problems.append(Problem(scope.place(*path), f"{text}: a plain value has no fields"))
        return Broken()


_Busy = object()


class _EndlessError(Exception):
    """A chain of sub-graph inputs and outputs that closes on itself, or is too long."""
