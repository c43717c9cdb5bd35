"""What is understood of a failure, and what helps."""

from __future__ import annotations

from typing import Any

from noisegraph.tui.failure.failure import Frame, failure_of, frames
from noisegraph.tui.failure.remedies import Remedy, remedies
from noisegraph.tui.outline import outline
from noisegraph.tui.results.recall import Value
from noisegraph.tui.state.run import Run

TRACE = """Traceback (most recent call last):
  File "/lib/torch/nn.py", line 10, in call
    return f(x)
  File "/home/me/nodes.py", line 3, in decode
    return vae(latent)
RuntimeError: no
"""
ERROR: dict[str, Any] = {
    "event": "error", "kind": "memory", "node": "image", "use": "vae.decode", "message": "OutOfMemoryError: 3 GiB",
    "inputs": {"latent": "float16 [8, 4, 128, 128] on cuda"},
    "traceback": '  File "/home/me/nodes.py", line 3, in decode\n    return vae(latent)\n', "full_traceback": TRACE,
}  # fmt: skip
GRAPH = outline(
    {
        "inputs": {"count": 8, "seed": 3},
        "nodes": {
            "noise": {"use": "latent.noise", "batch": "$count", "width": 64, "height": 9, "seed": "$seed"},
            "image": {"use": "vae.decode", "latent": "$noise"},
        },
    }
)


def test_a_failure_is_the_first_error_that_names_a_node() -> None:
    run = Run("0040", errors=({"kind": "graph", "message": "x"}, ERROR))
    found = failure_of(run)
    assert found is not None
    assert (found.node, found.kind, found.folded) == ("image", "memory", 1)
    assert found.frames == [Frame("/home/me/nodes.py", 3, "decode", "return vae(latent)")]
    assert found.report.splitlines()[0] == "image (vae.decode) failed in run #0040: OutOfMemoryError: 3 GiB"
    assert "float16 [8, 4, 128, 128] on cuda" in found.report
    assert found.report.endswith("RuntimeError: no\n")
    assert failure_of(Run("1", errors=({"kind": "graph", "message": "x"},))) is None


def test_tracebacks_without_code_are_read_too() -> None:
    told = 'File "a.py", line 1, in f\n  File "b.py", line 22, in <module>\n    g()\nnonsense'
    assert frames(told) == [Frame("a.py", 1, "f", ""), Frame("b.py", 22, "<module>", "g()")]


def test_against_too_little_memory_help_smaller_batches_smaller_pictures_and_the_cpu() -> None:
    failure = failure_of(Run("1", errors=(ERROR,)))
    assert failure is not None
    assert remedies(failure, GRAPH, "cuda") == [
        Remedy("half the count (4)", (Value("", "count", 4),)),
        Remedy("half the width (32)", (Value("noise", "width", 32),)),
        Remedy("run on the cpu, slowly", more={"device": "cpu"}),
    ]
    assert len(remedies(failure, GRAPH, "cpu")) == 2


def test_nothing_is_promised_where_nothing_is_known() -> None:
    failure = failure_of(Run("1", errors=({**ERROR, "kind": "error"},)))
    assert failure is not None
    assert remedies(failure, GRAPH, "cuda") == []
