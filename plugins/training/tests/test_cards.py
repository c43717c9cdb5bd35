"""Whatever is trained, a node of noisegraph loads it: the card of every kind of training says all that it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.registry import Registry
from noisegraph.writing.formats import files_of
from noisegraph_training.card import weights
from noisegraph_training.denoisers import ddpm, inpainting, latent, score, upsampler
from noisegraph_training.encoders import autoencoder, classifier, clip
from noisegraph_training.examples import Captioned, Examples, Schedule, Trained

COSINE = ng.DiscreteVP("cosine", 100)
SHORT = Schedule(iterations=1, batch=2, per_step=1, warmup=1)
PIXELS = torch.arange(2 * 3 * 8 * 8).remainder(256).to(torch.uint8).view(2, 3, 8, 8)
PICTURES = Captioned(PIXELS, ["one", "other"], "stripes", "none")
LABELLED = Examples(ng.Latent(PIXELS / 127.5 - 1), torch.tensor([0, 1]), 2, "stripes", "none")
LATENTS = ng.Latent(torch.linspace(-1, 1, 2 * 4 * 4 * 4).view(2, 4, 4, 4))
WORDS = ng.Condition({"context": torch.ones(2, 3, 8)})
EMPTY = ng.Condition({"context": torch.zeros(1, 3, 8)})
TOKENS = torch.tensor([[1, 2, 9, 9], [3, 9, 9, 9]])
SMALL = {"model_channels": 8, "channel_mult": [1], "num_res_blocks": 1, "groups": 4, "attention_resolutions": []}
TOWERS = {
    "vocab_size": 10, "end_token": 9, "length": 4, "text_width": 8, "text_layers": 1, "text_heads": 2,
    "image_size": 8, "patch_size": 4, "image_width": 8, "image_layers": 1, "image_heads": 2, "projection_dim": 8,
}  # fmt: skip
WORDED = {**SMALL, "attention": "transformer", "attention_resolutions": [1], "context_channels": 8}


def architecture(name: str, config: dict[str, Any], **given: Any) -> ng.Architecture:
    """What a built-in node makes of a configuration, as a graph would write it."""
    spec = Registry.installed().spec(name)
    made: ng.Architecture = spec.function(config=spec.ports["config"].accept(config), **given)
    return made


UNET = architecture("unet.architecture", {**SMALL, "num_classes": 3})
IMPROVED = architecture("unet.architecture", {**SMALL, "num_classes": 3, "out_channels": 6})
LATENT = architecture("unet.architecture", {**WORDED, "in_channels": 4, "out_channels": 4})
AROUND = architecture("unet.architecture", {**WORDED, "in_channels": 9, "out_channels": 4})
LARGER = architecture("unet.architecture", {**SMALL, "in_channels": 6, "num_classes": 10})
PRIOR = architecture(
    "network.prior", {"dimensions": 8, "context_channels": 8, "length": 4, "width": 8, "heads": 2, "layers": 1}
)
TARGET = ng.Latent(torch.ones(2, 8))
LADDER = ng.GeometricVE(0.01, 5.0)
POINTS = architecture("network.mlp", {"width": 8, "depth": 1})
NCSN = architecture("network.ncsn", {"width": 8, "levels": 3, "sigma_max": 5.0})
JUDGE = architecture("network.classifier", {**SMALL, "out_channels": 2}, size=8, pool="adaptive")
KL = architecture("vae.architecture", {"ch": 8, "ch_mult": [1, 2], "num_res_blocks": 1, "groups": 4})
VQ = architecture("vae.architecture", {"ch": 8, "ch_mult": [1, 2], "num_res_blocks": 1, "groups": 4, "n_embed": 5})
CLIP = architecture("text.architecture", TOWERS)
EMBEDDED = ng.Condition({"context": torch.ones(2, 4, 8), "vector": torch.ones(2, 8)})
KINDS: dict[str, tuple[str, ng.Architecture, Callable[[], ng.Loop[Trained]]]] = {
    "ddpm": ("model.trained", UNET, lambda: ddpm(LABELLED, UNET, COSINE, SHORT)),
    "learned variance": (
        "model.trained",
        IMPROVED,
        lambda: ddpm(LABELLED, IMPROVED, COSINE, SHORT, loss="hybrid", levels=9),
    ),
    "score network": (
        "model.trained",
        NCSN,
        lambda: ddpm(LABELLED, NCSN, LADDER, SHORT, prediction="score", drop_label=None, levels=3),
    ),
    "flow": ("model.trained", UNET, lambda: ddpm(LABELLED, UNET, ng.Flow(), SHORT, prediction="flow", levels=9)),
    "latent": ("model.trained", LATENT, lambda: latent(PICTURES, LATENTS, WORDS, LATENT, COSINE, SHORT, EMPTY)),
    "inpainting": ("model.trained", AROUND, lambda: inpainting(PICTURES, LATENTS, WORDS, EMPTY, AROUND, COSINE, SHORT)),
    "prior": (
        "model.trained",
        PRIOR,
        lambda: latent(PICTURES, TARGET, EMBEDDED, PRIOR, COSINE, SHORT, prediction="x0"),
    ),
    "upsampler": ("model.trained", LARGER, lambda: upsampler(PICTURES, LARGER, COSINE, SHORT)),
    "score": ("model.trained", POINTS, lambda: score(ng.Points(torch.ones(4, 2)), POINTS, COSINE, SHORT)),
    "classifier": ("model.trained_classifier", JUDGE, lambda: classifier(LABELLED, LABELLED, JUDGE, COSINE, SHORT)),
    "KL": ("model.trained_autoencoder", KL, lambda: autoencoder(PICTURES, KL, SHORT, PICTURES)),
    "VQ": ("model.trained_autoencoder", VQ, lambda: autoencoder(PICTURES, VQ, SHORT)),
    "CLIP": ("model.trained_clip", CLIP, lambda: clip(PICTURES, TOKENS, PICTURES, TOKENS, CLIP, SHORT)),
}
"""Each kind of training: the node that loads what it makes, the network, and one iteration of it."""
INSIDE: dict[str, Callable[[Any], ng.Weights]] = {
    "model.trained": lambda found: found.unet.weights,
    "model.trained_autoencoder": lambda found: found.vae.weights,
    "model.trained_classifier": lambda found: found.network.weights,
    "model.trained_clip": lambda found: found.weights,
}
"""The weights in what each node gives."""


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_trained_loads_with_its_node(kind: str, tmp_path: Path) -> None:
    use, network, trained = KINDS[kind]
    loop = trained()
    learned = loop.finish(loop.step(loop.start(), 0))
    made = weights(learned, network, purpose="A trial.", licence="none", graph="none")
    for file in files_of(made, "mine", "", ()):
        (tmp_path / file.tail).write_bytes(file.data)
    given = {"path": str(tmp_path / "mine.safetensors")}
    spec = Registry.installed().spec(use)
    if "tokenizer" in spec.ports:
        given["tokenizer"] = str(tmp_path / "tokenizer.json")
        (tmp_path / "tokenizer.json").write_text('{"added_tokens": [{"id": 9, "content": "<|endoftext|>"}]}')
    assert spec.options.facts is not None
    assert spec.options.facts(given)
    module = INSIDE[use](spec.function(**given)).module()
    found = dict(module.named_parameters())
    assert set(found) == set(learned.parameters)
    assert all(torch.equal(found[name], value) for name, value in learned.parameters.items())
