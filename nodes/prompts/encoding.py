"""What text networks say of prompts: the states that a diffusion model attends to, and the vector of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import noisegraph as ng

from .attention import Piece, pieces
from .encoder import Chunks, TextEncoder, Words, vectors
from .weighting import Weighting, a1111, comfyui, compel


class Said(NamedTuple):
    """Of some rows of tokens: states [rows, tokens, width] and one vector each [rows, width]."""

    states: ng.Tensor
    vector: ng.Tensor


def plain(encoder: TextEncoder, texts: Sequence[str]) -> ng.Condition:
    """The condition of texts without grammar; what is too long is cut off and told."""
    import torch

    with torch.no_grad():
        said = [ask(one, one.tokens(texts)) for one in (encoder, *encoder.beside)]
        return condition(encoder, said)


def weighted(encoder: TextEncoder, prompts: Sequence[str], weighting: Weighting) -> ng.Condition:
    """The condition of prompts whose words have weights; as many chunks for each as the longest has."""
    import torch

    several = (encoder, *encoder.beside)
    read = [pieces(prompt) for prompt in prompts]
    chunks = [[Words(one).chunks(prompt) for prompt in read] for one in several]
    longest = max(len(rows.rows) for own in chunks for rows in own)
    with torch.no_grad():
        said = []
        for one, own in zip(several, chunks, strict=True):
            found = [_weighed(one, _filled(one, rows, longest), weighting) for rows in own]
            said.append(Said(torch.cat([each.states for each in found]), torch.cat([each.vector for each in found])))
        return condition(encoder, said)


def condition(encoder: TextEncoder, said: Sequence[Said]) -> ng.Condition:
    """What a U-Net attends to, and with encoders that have one, the vector: that of the last."""
    import torch

    states = ng.Condition({"context": torch.cat([one.states for one in said], dim=2).float()})
    several = (encoder, *encoder.beside)
    vector = next((one.vector for made, one in zip(several, said, strict=True) if made.vector), None)
    return states if vector is None else ng.Condition({**states, "vector": vector.float()})


def ask(encoder: TextEncoder, rows: Sequence[Sequence[int]], heard: ng.Tensor | None = None) -> Said:
    """What one network says of rows of tokens; `heard`: which others attend to, bool [rows, tokens]."""
    import torch

    module: Any = encoder.weights.module()
    tokens = torch.tensor(rows, device=ng.device())
    if encoder.kind == "glide":
        return Said(*module(tokens))
    if encoder.kind == "bert":
        states = module(tokens)
        return Said(states, states[:, 0])
    from ..networks.clip import layer

    states, pooled = layer(module.text_model, encoder.skip, encoder.norm, tokens, vectors(encoder), heard)
    return Said(states, module.text_projection(pooled) if hasattr(module, "text_projection") else pooled)


def _filled(encoder: TextEncoder, chunks: Chunks, count: int) -> Chunks:
    """With empty rows after those of the prompt."""
    words, missing = Words(encoder), count - len(chunks.rows)
    if not missing:
        return chunks
    row = words.row([])
    return Chunks(
        chunks.rows + [row] * missing,
        chunks.weights + [[1.0] * len(row)] * missing,
        chunks.pieces + [[-1] * len(row)] * missing,
    )


def _weighed(encoder: TextEncoder, chunks: Chunks, weighting: Weighting) -> Said:
    """One prompt's rows, one after another as the tokens of one text; the vector is that of the first."""
    import torch

    said = ask(encoder, chunks.rows)
    weights = torch.tensor(chunks.weights, device=said.states.device, dtype=said.states.dtype)
    if bool((weights == 1).all()):
        states = said.states
    elif weighting == "a1111":
        states = a1111(said.states, weights)
    else:
        empty = ask(encoder, [Words(encoder).row([])]).states
        of = torch.tensor(chunks.pieces, device=said.states.device)
        if weighting == "comfyui" or encoder.kind != "clip":
            states = comfyui(said.states, weights, empty)
        else:
            states = compel(lambda heard: ask(encoder, chunks.rows, heard).states, weights, of, empty)
    return Said(states.flatten(0, 1)[None], said.vector[:1])


def describe(prompt: str, steps: int) -> dict[str, dict[str, str]]:
    """The parse of a prompt as sections: for which steps, and the words with their weights."""
    from .grammar import spans

    told, first = {}, 1
    for span in spans(prompt, steps):
        rows = {f"{number}": _row(piece) for number, piece in enumerate(pieces(span.text), 1)}
        told[f"steps {first} to {span.until} of {steps}"] = rows
        first = span.until + 1
    return told


def _row(piece: Piece) -> str:
    return f"{piece.weight:.4g}  {piece.text!r}{'  BREAK' if piece.breaks else ''}"
