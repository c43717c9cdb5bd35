"""Stable-Diffusion-1.5-shaped random weights, ours and diffusers in turn, each in a process of its own.

`python -m tests.bench.stable_diffusion FOLDER` tells CPU seconds to load the U-Net, CPU seconds of each of four steps
with guidance at 256 x 256, and the peak of resident memory.
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

STEPS, SIDE = 4, 32


def main(folder: Path) -> None:
    """Write the weights if they are not there, and tell what each took."""
    if not (folder / "model_index.json").exists():
        subprocess.run([sys.executable, "-m", __spec__.name, str(folder), "write"], check=True)
    for whose in ("ours", "diffusers"):
        print(whose, measured(folder, whose))


def measured(folder: Path, whose: str) -> dict[str, Any]:
    """What one of them took, in a process of its own."""
    command = [sys.executable, "-m", __spec__.name, str(folder), whose]
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


def ours(folder: Path) -> tuple[Callable[[], Any], Callable[[Any, Any, Any, Any], Any]]:
    """How we load, and how a step asks."""
    from noisegraph.nodes import unet

    return (
        lambda: unet.load(path=str(folder)).unet.weights.module(),
        lambda module, x, t, context: module(x, t, context=context),
    )


def diffusers(folder: Path) -> tuple[Callable[[], Any], Callable[[Any, Any, Any, Any], Any]]:
    """How diffusers loads, and how a step asks."""
    import torch
    from diffusers import UNet2DConditionModel

    return (
        lambda: UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32, local_files_only=True),
        lambda module, x, t, context: module(x, t, encoder_hidden_states=context, return_dict=False)[0],
    )


def take(folder: Path, whose: str) -> dict[str, Any]:
    """Load and take steps; CPU seconds and mebibytes."""
    import torch

    load, ask = {"ours": ours, "diffusers": diffusers}[whose](folder)
    start = time.process_time()
    module = load()
    loaded = time.process_time() - start
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
        print(json.dumps(take(place, sys.argv[2])))
