"""What training stored is loaded as its card says; what does not fit is told before anything runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check
from noisegraph.graph import parse
from noisegraph.nodes import model, text
from noisegraph.nodes.models import digits, emoji, points, shipped, text_to_image, trained
from noisegraph.nodes.models.told import described
from noisegraph.nodes.text import architecture
from noisegraph.registry import Registry
from safetensors.torch import load_file, save_file

LEVEL = ng.DiscreteVP("cosine").level(500.0)
BUILT_IN: dict[str, Callable[[], Any]] = {
    "digit": model.digit,
    "digit-improved": model.digit_improved,
    "digit-scores": digits.digit_scores,
    "swiss-roll": points.swiss_roll,
    "emoji-prior": emoji.emoji_prior,
    "emoji": text_to_image.emoji,
}
"""Denoisers of every kind, by the name of their weights."""


@pytest.fixture
def own(tmp_path: Path) -> Callable[[str], Path]:
    """Copies what is built in under a name, as if the user had trained it."""

    def copied(name: str) -> Path:
        for suffix in ("safetensors", "json"):
            shutil.copy(shipped.WEIGHTS / f"{name}.{suffix}", tmp_path / f"mine.{suffix}")
        return tmp_path / "mine.safetensors"

    return copied


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_denoiser_is_the_one_that_was_stored(own: Callable[[str], Path], name: str) -> None:
    path, built_in = own(name), BUILT_IN[name]()
    found = trained.trained(path=str(path))
    assert (found.process, found.latent) == (built_in.process, built_in.latent)
    one, other = found.unet, built_in.unet
    assert (one.prediction, one.learned_variance) == (other.prediction, other.learned_variance)
    assert (one.weights.build, one.weights.config) == (other.weights.build, other.weights.config)
    assert (one.weights.read, one.weights.digest) == (other.weights.read, other.weights.digest)


def test_it_draws_what_the_built_in_one_draws(own: Callable[[str], Path]) -> None:
    found, x = trained.trained(path=str(own("digit"))), torch.randn(1, 1, 8, 8, generator=torch.Generator())
    condition = {"y": torch.tensor([3])}
    assert found.classes == 10
    assert torch.equal(found.unet.predict(x, LEVEL, condition).x0, model.digit().unet.predict(x, LEVEL, condition).x0)


def test_an_autoencoder_a_clip_and_a_classifier_are_too(own: Callable[[str], Path]) -> None:
    space, built_in = trained.trained_autoencoder(path=str(own("digit-codes"))), digits.digit_codes()
    assert space.latent == built_in.latent
    assert (space.vae.scale, space.vae.factor, space.vae.channels) == (
        built_in.vae.scale,
        built_in.vae.factor,
        built_in.vae.channels,
    )
    judge, told = trained.trained_classifier(path=str(own("digit-classifier"))), digits.digit_classifier()
    x = torch.zeros(1, 1, 8, 8)
    assert torch.equal(judge.logits(x, LEVEL), told.logits(x, LEVEL))
    vocabulary = str(shipped.WEIGHTS / text_to_image.TOKENIZER)
    words = trained.trained_clip(path=str(own("emoji-clip")), tokenizer=vocabulary)
    encoder = text_to_image.emoji_space().text
    assert torch.equal(text.embed(words, prompt="a cat"), text.embed(encoder, prompt="a cat"))


def test_the_space_of_emoji_takes_an_autoencoder_of_ones_own(own: Callable[[str], Path]) -> None:
    path = str(own("digit-scenes"))
    space, built_in = text_to_image.emoji_space(autoencoder=[path]), text_to_image.emoji_space()
    assert space.latent == digits.digit_scenes().latent != built_in.latent
    assert (space.vae.factor, space.text) == (2, built_in.text)
    told = text_to_image.emoji_space_facts({"autoencoder": path})
    assert told["latent"] == {"sizes": (4, 8, 8), "family": told["vae"]["family"]}
    assert str(told["vae"]["family"]).startswith("mine (")
    assert text_to_image.emoji_space_version([path]) != text_to_image.emoji_space_version()
    with pytest.raises(ng.NodeError, match="holds a CLIP"):
        text_to_image.emoji_space(autoencoder=str(own("emoji-clip")))


def problems(folder: Path, use: str = "model.trained", **nodes: dict[str, Any]) -> list[str]:
    """What check tells of a graph that loads `mine` in the folder."""
    written = {"mine": {"use": use, "path": "mine.safetensors"}, **nodes}
    found = parse(json.dumps({"nodes": written, "outputs": {"mine": "$mine"}}), folder=folder)
    return [f"{one.what}; {one.hint}" for one in check(found, Registry.installed(), {}).problems]


def changed(path: Path, **told: Any) -> None:
    """The card with other things said in it."""
    place = path.with_suffix(".json")
    place.write_text(json.dumps({**json.loads(place.read_text(encoding="utf-8")), **told}), encoding="utf-8")


def test_weights_without_a_card_are_refused(own: Callable[[str], Path], tmp_path: Path) -> None:
    own("digit").with_suffix(".json").unlink()
    (told,) = problems(tmp_path)
    assert "have no card 'mine.json' beside them; train.weights writes both" in told


def record(name: str) -> dict[str, str]:
    """What a card says of a built-in network that its latents, or words, come from."""
    return {"name": name, "content": ng.digest(shipped.WEIGHTS / f"{name}.safetensors")}


def joined(space: str) -> dict[str, dict[str, Any]]:
    """Nodes that draw with `mine` in the latents and with the words of a space."""
    return {
        "space": {"use": space},
        "words": {"use": "text.encode", "encoder": "$space.text"},
        "denoiser": {"use": "unet.denoiser", "unet": "$mine.unet", "condition": "$words"},
        "noise": {"use": "latent.noise", "like": "$mine.latent"},
        "image": {"use": "vae.decode", "vae": "$space.vae", "latent": "$noise"},
    }


def test_what_was_trained_goes_with_the_networks_that_its_card_names(
    own: Callable[[str], Path], tmp_path: Path
) -> None:
    path = own("emoji")
    changed(path, autoencoder=record("emoji-autoencoder"), encoder=record("emoji-clip"))
    assert problems(tmp_path, "model.trained", **joined("model.emoji_space")) == []


def test_latents_of_another_autoencoder_are_told_by_both_names(own: Callable[[str], Path], tmp_path: Path) -> None:
    changed(own("emoji"), autoencoder={**record("emoji-clip"), "name": "photographs"})
    (told,) = problems(tmp_path, "model.trained", **joined("model.emoji_space"))
    assert "the latents are those of the autoencoder photographs (" in told
    assert "'vae' is emoji-autoencoder (" in told
    assert "give the autoencoder that the network was trained with" in told


def test_noise_in_the_shape_of_another_autoencoder_is_told_where_it_is_drawn_from(
    own: Callable[[str], Path], tmp_path: Path
) -> None:
    changed(own("emoji"), autoencoder={**record("emoji-clip"), "name": "photographs"})
    nodes = joined("model.emoji_space")
    shape = {"use": "vae.shape", "vae": "$space.vae", "width": 64, "height": 64}
    levels = {"use": "levels.uniform", "process": "$mine.process", "steps": 2}
    drawn = {"use": "sampler.sample", "sampler": "$solver", "denoiser": "$denoiser", "noise": "$noise"}
    nodes |= {"shape": shape, "noise": {"use": "latent.noise", "like": "$shape"}, "levels": levels}
    nodes |= {"solver": {"use": "sampler.euler"}, "latent": {**drawn, "levels": "$levels"}}
    (told,) = problems(tmp_path, "model.trained", **nodes)
    assert "'denoiser' has photographs (" in told
    assert "'noise' has emoji-autoencoder (" in told


def test_words_of_another_text_encoder_are_told_by_both_names(own: Callable[[str], Path], tmp_path: Path) -> None:
    changed(own("emoji"), encoder={**record("emoji-autoencoder"), "name": "poems"})
    (told,) = problems(tmp_path, "model.trained", **joined("model.emoji_space"))
    assert "the network was trained on the words of poems (" in told
    assert "these are said by emoji-clip (" in told


def test_a_prior_tells_words_of_another_text_encoder_too(own: Callable[[str], Path], tmp_path: Path) -> None:
    changed(own("emoji-prior"), encoder={**record("emoji-autoencoder"), "name": "poems"})
    words = {"use": "condition.prior", "encoder": "$space.text"}
    denoiser = {"use": "unet.denoiser", "unet": "$mine.unet", "condition": "$words"}
    (told,) = problems(tmp_path, space={"use": "model.emoji_space"}, words=words, denoiser=denoiser)
    assert "the words of poems (" in told


def test_a_built_in_model_tells_latents_and_words_that_are_not_its_own(
    own: Callable[[str], Path], tmp_path: Path
) -> None:
    own("digit-scenes")
    image = {"use": "vae.decode", "vae": "$mine.vae", "latent": "$noise"}
    noise = {"use": "latent.noise", "like": "$emoji.latent"}
    use = "model.trained_autoencoder"
    (told,) = problems(tmp_path, use, emoji={"use": "model.emoji"}, noise=noise, image=image)
    assert "those of the autoencoder emoji-autoencoder (" in told
    assert "'vae' is mine (" in told


@pytest.mark.parametrize("written", [{"name": "mine"}, {"name": "mine", "content": "no hash"}, 3])
def test_a_card_whose_record_is_none_is_refused(
    own: Callable[[str], Path], tmp_path: Path, written: dict[str, str] | int
) -> None:
    changed(own("emoji"), autoencoder=written)
    (told,) = problems(tmp_path)
    assert "'autoencoder" in told


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"network": 3}'])
def test_a_card_that_is_none_is_refused(own: Callable[[str], Path], tmp_path: Path, text: str) -> None:
    own("digit").with_suffix(".json").write_text(text, encoding="utf-8")
    (told,) = problems(tmp_path)
    assert "mine.json' " in told


def test_a_card_that_is_a_link_is_not_followed(own: Callable[[str], Path], tmp_path: Path) -> None:
    card = own("digit").with_suffix(".json")
    card.unlink()
    card.symlink_to(shipped.WEIGHTS / "digit.json")
    (told,) = problems(tmp_path)
    assert "have no card" in told


@pytest.mark.parametrize(
    ("name", "what", "node"),
    [
        ("digit-codes", "an autoencoder", "model.trained_autoencoder"),
        ("emoji-clip", "a CLIP", "model.trained_clip"),
        ("digit-classifier", "a classifier", "model.trained_classifier"),
    ],
)
def test_a_card_of_another_kind_is_told_with_the_node_that_loads_it(
    own: Callable[[str], Path], tmp_path: Path, name: str, what: str, node: str
) -> None:
    own(name)
    (told,) = problems(tmp_path)
    assert f"holds {what}, as its card says; load it with {node}" in told


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("emoji", "unet.load"),
        ("digit", "model.load"),
        ("emoji-autoencoder", "vae.load"),
        ("emoji-clip", "text.load"),
        ("digit-classifier", "classifier.load"),
    ],
)
def test_the_nodes_for_published_checkpoints_do_not_guess_at_what_has_a_card(
    own: Callable[[str], Path], tmp_path: Path, name: str, use: str
) -> None:
    own(name)
    (told,) = problems(tmp_path, use)
    assert "was trained by noisegraph" in told
    assert "`noisegraph show mine.safetensors` tells" in told


def test_a_card_of_a_network_of_nobodys_is_refused(own: Callable[[str], Path], tmp_path: Path) -> None:
    changed(own("digit"), network={"petals": 5, "model_channels": 32})
    (told,) = problems(tmp_path)
    assert "a network that noisegraph does not know, by petals" in told


@pytest.mark.parametrize("shape", [[16], [9, 8, 8]])
def test_a_card_whose_network_reads_no_data_of_its_shape_is_refused(
    own: Callable[[str], Path], tmp_path: Path, shape: list[int]
) -> None:
    changed(own("digit"), shape=shape)
    (told,) = problems(tmp_path)
    assert f"tells of data {shape} and of a U-Net that reads 1 channels" in told


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"prediction": "noise"}, "'prediction'"),
        ({"shape": [1, 8, -8]}, "'shape.2'"),
        ({"process": {"kind": "Path"}}, "the process 'Path'"),
        ({"process": {"kind": "DiscreteVP", "steps": "many"}}, "'steps'"),
        ({"process": {"kind": "DiscreteVP", "steps": 10**9}}, "1000000000 steps"),
        ({"parameters": 7}, "holds 756417 numbers, its card tells of 7"),
    ],
)
def test_what_a_card_says_must_fit(
    own: Callable[[str], Path], tmp_path: Path, said: dict[str, Any], wanted: str
) -> None:
    changed(own("digit"), **said)
    (told,) = problems(tmp_path)
    assert wanted in told


def test_a_configuration_of_words_is_refused(own: Callable[[str], Path], tmp_path: Path) -> None:
    path = own("digit")
    changed(path, network={**shipped.read_card("digit")["network"], "num_heads": "four"})
    (told,) = problems(tmp_path)
    assert "'num_heads'" in told


def test_weights_that_were_cut_off_are_told_before_anything_runs(own: Callable[[str], Path], tmp_path: Path) -> None:
    path = own("digit")
    path.write_bytes(path.read_bytes()[:-100])
    (told,) = problems(tmp_path)
    assert "was cut off" in told


def test_weights_of_another_network_are_told_by_their_first_names(own: Callable[[str], Path]) -> None:
    path = own("digit")
    tensors = load_file(path)
    save_file({f"other.{name}": value for name, value in tensors.items()}, path)
    found = trained.trained(path=str(path))
    with pytest.raises(ng.NodeError, match=r"not those of this UNet: (.*\(not in the file\), ){4}.* and \d+ more"):
        found.unet.weights.module()


def test_words_of_another_width_are_refused_before_anything_is_loaded(
    own: Callable[[str], Path], tmp_path: Path
) -> None:
    path = own("emoji")
    changed(path, network={**shipped.read_card("emoji")["network"], "context_channels": 64})
    (told,) = problems(
        tmp_path,
        space={"use": "model.emoji_space"},
        words={"use": "text.encode", "encoder": "$space.text", "prompt": "a cat"},
        toward={"use": "unet.denoiser", "unet": "$mine.unet", "condition": "$words"},
    )
    assert "reads words of 64 numbers, the text encoder's have 192" in told


def test_labels_for_a_model_without_are_refused_and_those_that_it_has_are_counted(
    own: Callable[[str], Path], tmp_path: Path
) -> None:
    label = {"use": "label.encode", "label": 10, "classes": "$mine.classes"}
    for name, wanted in (("emoji", "was trained without labels"), ("digit", "label 10 is not one")):
        own(name)
        (told,) = problems(tmp_path, label=label)
        assert wanted in told


@pytest.mark.parametrize(("written", "wanted"), [("{}", "is no tokenizer"), ('{"added_tokens": []}', "token None")])
def test_the_tokenizer_of_another_clip_is_refused(
    own: Callable[[str], Path], tmp_path: Path, written: str, wanted: str
) -> None:
    own("emoji-clip")
    (tmp_path / "words.json").write_text(written, encoding="utf-8")
    clip = {"use": "model.trained_clip", "path": "mine.safetensors", "tokenizer": "words.json"}
    (told,) = problems(tmp_path, "model.trained_clip", mine=clip)
    assert wanted in told


def test_what_the_card_says_is_known_without_torch(own: Callable[[str], Path]) -> None:
    code = (
        "import sys\n"
        "from noisegraph.nodes.models.trained import trained\n"
        "known = trained.__noisegraph__.options.facts({'path': sys.argv[1]})\n"
        "assert known['latent']['sizes'] == (4, 16, 16)\n"
        "assert known['unet']['reads'] == {'context': 192, 'vector': None, 'beside': 0}\n"
        "assert trained(path=sys.argv[1]).latent.sizes == (4, 16, 16)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(own("emoji"))], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_another_card_is_another_version(own: Callable[[str], Path]) -> None:
    path = own("digit")
    before = trained.card_version(str(path))
    changed(path, about="another")
    assert trained.card_version(str(path)) != before


def test_every_kind_knows_its_own_configuration_and_no_other(tmp_path: Path) -> None:
    from noisegraph.nodes import network, unet, vae
    from noisegraph.nodes.checkpoints.stored import Stored
    from noisegraph.nodes.models.kinds import KINDS, kind_of

    made = (unet.architecture(), network.mlp(), network.ncsn(), network.prior(), vae.architecture(), architecture())
    for one, kind in zip((*made, network.classifier()), KINDS, strict=True):
        assert kind_of(Stored(tmp_path, {"network": dict(one.config)})) is kind
        assert one.build is kind.build


def test_show_tells_the_card_and_the_node_that_loads_it(own: Callable[[str], Path]) -> None:
    path = own("emoji-autoencoder")
    told = described(path)
    assert told is not None
    assert told["card"]["loads with"] == "model.trained_autoencoder"
    assert told["card"]["licence"] == "MIT"
    assert told["training"]["iterations"] == "2200"
    changed(path, network={"petals": 5})
    assert described(path) is None


def test_show_tells_of_weights_that_are_not_those_of_their_card(own: Callable[[str], Path]) -> None:
    path = own("digit")
    changed(path, parameters=7)
    with pytest.raises(ng.NodeError, match="holds 756417 numbers"):
        described(path)
