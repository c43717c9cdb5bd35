"""What ComfyUI says in pictures of how these were made: its graph; words, model and settings are picked out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, str]
_TYPED = ("text", "string", "value", "seed", "noise_seed", "int", "float", "text_g", "prompt", "populated_text")
"""What inputs are called in nodes that do no more than hold a text or a number."""
_MODELS = ("ckpt_name", "unet_name", "model_name")
_SETTINGS = {
    "steps": "steps",
    "sampler_name": "sampler",
    "scheduler": "schedule",
    "cfg": "cfg scale",
    "seed": "seed",
    "noise_seed": "seed",
    "denoise": "denoise",
}
"""Names of inputs -> what they are told as."""
_BESIDE = ("sampler", "sigmas", "noise", "guider")
"""Inputs of a sampler behind which settings of it stand."""
_FARTHEST = 1000


def read(text: str) -> Mapping[str, Row] | None:
    """Words, model and settings of each sampling of a graph in the form `prompt`; None where the text is none."""
    nodes = _nodes(text)
    if not nodes:
        return None
    graph = _Graph(nodes)
    samplings = [name for name in nodes if graph.samples(name)]
    told: dict[str, Row] = {}
    for number, name in enumerate(samplings, 1):
        title = f"sampling {number}" if len(samplings) > 1 else "sampling"
        told[title] = {**graph.words(name), **graph.settings(name), **graph.model(name)}
    return {**told, "graph": {"nodes": f"{len(nodes)}: {_counted(node['class_type'] for node in nodes.values())}"}}


def read_workflow(text: str) -> Mapping[str, Row] | None:
    """The same of the form `workflow`, that of ComfyUI's own files: no more than its texts and which nodes it has."""
    try:
        nodes = [node for node in json.loads(text)["nodes"] if isinstance(node, dict)]
        kinds = [str(node["type"]) for node in nodes]
        texts = [value for node in nodes for value in _widgets(node) if "Encode" in str(node["type"])]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    words = {f"text {number}": value for number, value in enumerate(texts, 1)}
    return {**({"words": words} if words else {}), "graph": {"nodes": f"{len(kinds)}: {_counted(iter(kinds))}"}}


def _widgets(node: Mapping[str, Any]) -> list[str]:
    values = node.get("widgets_values")
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _nodes(text: str) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(name): node
        for name, node in found.items()
        if isinstance(node, dict) and isinstance(node.get("inputs"), dict) and isinstance(node.get("class_type"), str)
    }


def _counted(kinds: Iterator[str]) -> str:
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in counts.items())


@dataclass(frozen=True)
class _Graph:
    nodes: Mapping[str, Mapping[str, Any]]

    def samples(self, name: str) -> bool:
        """Whether a node is a sampler: it reads a latent, and says or reads how to walk."""
        inputs = self.nodes[name]["inputs"]
        return "latent_image" in inputs and bool({"steps", "sigmas", "sampler_name"} & inputs.keys())

    def words(self, name: str) -> Row:
        """Prompt and negative prompt."""
        ways = {"prompt": ("positive", "conditioning", "guider"), "negative": ("negative",)}
        guider = self._linked(name, "guider")
        found = {}
        for told, ports in ways.items():
            places = [
                self._said(one, port) for one in (guider, name) if one for port in ports if self._linked(one, port)
            ]
            texts = [text for place in places for text in self._texts(place)]
            if texts:
                found[told] = texts[0]
        return found

    def settings(self, name: str) -> Row:
        """What is typed at the sampler, or at the nodes that say how it walks."""
        places = [name, *(place for port in _BESIDE if (place := self._linked(name, port)))]
        rows: dict[str, str] = {}
        for place in places:
            for port, told in _SETTINGS.items():
                value = self._value(place, port)
                if value is not None and told not in rows:
                    rows[told] = str(value)
        size = next((self.nodes[place]["inputs"] for place in self._above(name) if self._sized(place)), None)
        return {**rows, **({} if size is None else {"size": f"{size['width']}x{size['height']}"})}

    def model(self, name: str) -> Row:
        """The checkpoint, and what stands beside it; not what another sampling, whose latent this one reads, has."""
        others = {place for place in self.nodes if place != name and self.samples(place)}
        above = [self.nodes[place]["inputs"] for place in self._above(name, others)]
        first = self.nodes[self._said(self._linked(name, "guider") or name, "model")]["inputs"]
        named = (str(one[port]) for one in (first, *above) for port in _MODELS if isinstance(one.get(port), str))
        model = next(named, "")
        adapted = (one for one in above if isinstance(one.get("lora_name"), str))
        loras = [f"{one['lora_name']} ({one.get('strength_model', 1)})" for one in adapted]
        controls = [one["control_net_name"] for one in above if isinstance(one.get("control_net_name"), str)]
        rows = {"model": model, "loras": ", ".join(loras), "controls": ", ".join(controls)}
        return {told: value for told, value in rows.items() if value}

    def _sized(self, name: str) -> bool:
        inputs = self.nodes[name]["inputs"]
        return (
            "Latent" in self.nodes[name]["class_type"] and isinstance(inputs.get("width"), int) and "height" in inputs
        )

    def _linked(self, name: str, port: str) -> str | None:
        """The node that an input reads."""
        link = self.nodes[name]["inputs"].get(port)
        return str(link[0]) if _is_link(link) and str(link[0]) in self.nodes else None

    def _said(self, name: str, port: str) -> str:
        """The node at the end of links of one name: what changes both prompts, as ControlNets do, reads both so."""
        for _ in range(_FARTHEST):
            place = self._linked(name, port)
            if place is None:
                break
            name = place
        return name

    def _value(self, name: str, port: str) -> Any:
        """What is typed at an input, or in the node that it reads."""
        value = self.nodes[name]["inputs"].get(port)
        for _ in range(_FARTHEST):
            if not _is_link(value):
                return value if isinstance(value, (str, int, float)) else None
            inputs = self.nodes.get(str(value[0]), {"inputs": {}})["inputs"]
            value = next((inputs[one] for one in _TYPED if one in inputs), None)
        return None

    def _texts(self, name: str) -> Iterator[str]:
        """The texts that are encoded there and above, the nearest first."""
        for place in self._above(name):
            for port in ("text", "text_g", "clip_l", "t5xxl", "prompt"):
                text = self._value(place, port)
                if isinstance(text, str) and "clip" in self.nodes[place]["inputs"]:
                    yield text

    def _above(self, name: str, until: Set[str] = frozenset()) -> Iterator[str]:
        """The node itself and all that it reads, the nearest first; those of `until` are not looked behind."""
        seen, left = {name}, [name]
        for here in left:
            yield here
            for link in self.nodes[here]["inputs"].values() if here not in until else ():
                place = str(link[0]) if _is_link(link) else ""
                if place in self.nodes and place not in seen:
                    seen.add(place)
                    left.append(place)


def _is_link(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2 and isinstance(value[1], int)
