"""Stable-Diffusion-1.5-shaped random weights, ours and diffusers in turn, each in a process of its own.

`python -m tests.bench.stable_diffusion FOLDER` tells CPU seconds to load the U-Net of a file in half precision, the
least of some, in half precision and in float32; CPU seconds of each of four steps with guidance at 256 x 256 in
float32; and the peak of resident memory. What either imports is imported before. In float32 our weights are converted
when a layer is first asked: that stands in the first step.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIDE, LOADS = 32, 5


def main(folder: Path) -> None:
    """Write the weights if they are not there, and tell what each took."""
    if not (folder / "model_index.json").exists():
        subprocess.run([sys.executable, "-m", __spec__.name, str(folder), "write"], check=True)
    for dtype in ("float16", "float32"):
        turns = [{whose: measured(folder, whose, dtype, "load")["load"] for whose in WHOSE} for _ in range(LOADS)]
        print("load in", dtype, {whose: min(turn[whose] for turn in turns) for whose in WHOSE})
    for whose in WHOSE:
        print(whose, measured(folder, whose, "float32", "steps"))


def measured(folder: Path, whose: str, dtype: str, what: str) -> dict[str, Any]:
    """What one of them took, in a process of its own."""
    command = [sys.executable, "-m", __spec__.name, str(folder), whose, dtype, what]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def write(folder: Path) -> None:
    """A folder in the layout of diffusers with a random U-Net of 860 million parameters in half precision."""
    import torch
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        module = UNet2DConditionModel(cross_attention_dim=768)
    module = module.half().to_empty(device="cpu")
    for parameter in module.parameters():
        parameter.data.normal_(std=0.02)
    module.save_pretrained(folder / "unet")
    (folder / "model_index.json").write_text("{}")


def ours(folder: Path, dtype: str) -> tuple[Callable[[], Any], Callable[[Any, Any, Any, Any], Any]]:
    """How we load, and how a step asks."""
    import noisegraph as ng
    import noisegraph.nodes.networks.unet
    import noisegraph.resident
    from noisegraph.devices import Device, using
    from noisegraph.nodes import unet

    ng.digest(folder)  # worked out once for a file, and remembered

    def load() -> Any:
        with using(Device("cpu", dtype)):
            return unet.load(path=str(folder)).unet.weights.module()

    return load, lambda module, x, t, context: module(x, t, context=context)


def diffusers(folder: Path, dtype: str) -> tuple[Callable[[], Any], Callable[[Any, Any, Any, Any], Any]]:
    """How diffusers loads, and how a step asks."""
    import torch
    from diffusers import UNet2DConditionModel

    kind = getattr(torch, dtype)
    return (
        lambda: UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=kind, local_files_only=True),
        lambda module, x, t, context: module(x, t, encoder_hidden_states=context, return_dict=False)[0],
    )


WHOSE = {"ours": ours, "diffusers": diffusers}


def take(folder: Path, whose: str, dtype: str, what: str) -> dict[str, Any]:
    """Load and take steps; CPU seconds and mebibytes."""
    import torch

    load, ask = WHOSE[whose](folder, dtype)
    start = time.process_time()
    module = load()
    loaded = time.process_time() - start
    if what == "load":
        return {"load": round(loaded, 3)}
    generator = torch.Generator().manual_seed(0)
    x, context = torch.randn(1, 4, SIDE, SIDE, generator=generator), torch.randn(2, 77, 768, generator=generator)
    seconds = []
    with torch.no_grad():
        for t in (999.0, 749.0, 499.0, 249.0):
            start = time.process_time()
            away, toward = ask(module, torch.cat([x, x]), torch.full((2,), t), context).chunk(2)
            x = x - 0.1 * (away + 7.5 * (toward - away))
            seconds.append(round(time.process_time() - start, 2))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"load": round(loaded, 2), "steps": seconds, "peak": round(peak), "sum": float(x.abs().sum())}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    if len(sys.argv) == 2:
        main(place)
    elif sys.argv[2] == "write":
        write(place)
    else:
        print(json.dumps(take(place, *sys.argv[2:])))
