"""`noisegraph check`: all that is wrong with a graph at once; what its inputs are where nothing is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from ..check import Checked
from ..checking.scope import Literal, Swept, Unset
from ..errors import GraphError, Problem
from ..serving.protocol import told
from ..types import describe
from .call import called, on_graph
from .text import columns, complain, give, say, warn


@click.command("check")
@on_graph
@click.option("--json", "as_json", is_flag=True, help="Tell inputs, outputs and problems as JSON.")
def command(as_json: bool, **asked: Any) -> int:
    """Tell all that is wrong with a graph, or what its inputs are.

    GRAPH is a file, a graph of the library, a picture that noisegraph made, or - for stdin. An input without a value is
    no fault of the graph.
    """
    try:
        call = called(**asked)
        checked = call.checked()
    except GraphError as error:  # there is no graph to speak of
        if as_json:
            give(_json({}, {}, error.problems))
        raise
    if as_json:
        give(_json(_inputs(checked), _outputs(checked), checked.problems))
    complain(checked.problems)
    if checked.problems:
        return 2
    warn(call.unread(checked))
    if not as_json:
        _show(checked)
    return 0


def _json(inputs: Mapping[str, Any], outputs: Mapping[str, str], problems: Sequence[Problem]) -> str:
    found = {"inputs": inputs, "outputs": outputs, "problems": [told(problem) for problem in problems]}
    return json.dumps(found, indent=2, ensure_ascii=False)


def _inputs(checked: Checked) -> dict[str, dict[str, Any]]:
    inputs = {}
    for name, arg in checked.flat.top.bound.items():
        inputs[name] = {"type": checked.input_type(name), "required": type(arg) is Unset}
        if type(arg) is Literal:
            inputs[name]["value"] = arg.value
        elif type(arg) is Swept:
            inputs[name]["sweep"] = [point[name] for point in checked.points]
    return inputs


def _outputs(checked: Checked) -> dict[str, str]:
    types = {name: describe(kind) for name, kind in checked.output_types.items()}
    return {name: types.get(name, "plain data") for name in checked.flat.outputs}


def _show(checked: Checked) -> None:
    # the type last: one of many names is wider than any terminal
    rows = [(name, _shown(told), told["type"]) for name, told in _inputs(checked).items()]
    if rows:
        give(f"inputs\n{columns(rows, '  ')}")
    give(f"outputs\n{columns(list(_outputs(checked).items()), '  ')}")
    count = len(checked.flat.nodes)
    say(f"{checked.flat.top.graph.name}: {count} node{'s' * (count != 1)}, all well")


def _shown(told: dict[str, Any]) -> str:
    if told["required"]:
        return "must be given"
    if "sweep" in told:
        return f"swept: {', '.join(map(_short, dict.fromkeys(map(json.dumps, told['sweep']))))}"
    return f"= {_short(json.dumps(told['value'], ensure_ascii=False))}"


def _short(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:67]}..."
