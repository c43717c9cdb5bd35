"""Stable-Diffusion-1.5-shaped random weights, ours and diffusers in turn, each in a process of its own.

`python -m tests.bench.stable_diffusion FOLDER` tells CPU seconds to load the U-Net of a file in half precision, the
least of some, in half precision and in float32; CPU seconds of each of four steps with guidance at 256 x 256 in
float32; and the peak of resident memory. What either imports is imported before. In float32 our weights are converted
when a layer is first asked: that stands in the first step.

`python -m tests.bench.stable_diffusion FOLDER cold` tells seconds by the clock, the least of some, of a start from a
file in float32 that the system has not in memory: to load it and take the first step of a small picture, as it is and
less a step when all is there; and to read the file from beginning to end with nothing done with it. Before each, the
system is asked to forget the file's pages (`posix_fadvise`); that it did, the time to read the file again at once
tells, which must be far shorter. Steps work while the system reads ahead, so that both may take less than the sum.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

SIDE, SMALL, LOADS, STARTS = 32, 8, 5, 5
BLOCK = 2**24


def main(folder: Path) -> None:
    """Write the weights if they are not there, and tell what each took."""
    prepare(folder, "float16")
    for dtype in ("float16", "float32"):
        turns = [{whose: measured(folder, whose, dtype, "load")["load"] for whose in WHOSE} for _ in range(LOADS)]
        print("load in", dtype, {whose: min(turn[whose] for turn in turns) for whose in WHOSE})
    for whose in WHOSE:
        print(whose, measured(folder, whose, "float32", "steps"))


def cold(folder: Path) -> None:
    """Write the weights if they are not there, and tell what a start from the disk took beside reading them."""
    folder = folder / "wide"
    prepare(folder, "float32")
    least: dict[str, float] = {}
    for _ in range(STARTS):
        turn = {"read": read(folder, cold=True), "again": read(folder, cold=False)}
        for whose in WHOSE:
            forget(folder)
            turn |= {f"{whose} {name}": one for name, one in measured(folder, whose, "float32", "started").items()}
        print(turn)
        least = {name: min(one, least.get(name, one)) for name, one in turn.items()}
    for whose in WHOSE:
        first, warm, whole = (least[name] for name in (f"{whose} first", f"{whose} warm", "read"))
        print(f"{whose}: first step {first / whole:.2f} of the reading, less a warm one {(first - warm) / whole:.2f}")


def read(folder: Path, cold: bool) -> float:
    """Seconds to read the file of weights from beginning to end."""
    if cold:
        forget(folder)
    block = bytearray(BLOCK)
    start = time.perf_counter()
    with weights(folder).open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)  # as fast as it can be read
        while file.readinto(block):
            pass
    return round(time.perf_counter() - start, 2)


def forget(folder: Path) -> None:
    """Ask the system to drop what it keeps of the file; what is not written yet would stay."""
    with weights(folder).open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def weights(folder: Path) -> Path:
    """The file of weights in a folder."""
    return folder / "unet" / "diffusion_pytorch_model.safetensors"


def prepare(folder: Path, dtype: str) -> None:
    """Write the weights if they are not there, in a process of its own, whose memory goes with it."""
    if not (folder / "model_index.json").exists():
        subprocess.run([sys.executable, "-m", __spec__.name, str(folder), "write", dtype], check=True)


def measured(folder: Path, whose: str, dtype: str, what: str) -> dict[str, Any]:
    """What one of them took, in a process of its own."""
    command = [sys.executable, "-m", __spec__.name, str(folder), whose, dtype, what]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def write(folder: Path, dtype: str) -> None:
    """A folder in the layout of diffusers with a random U-Net of 860 million parameters."""
    import torch
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        module = UNet2DConditionModel(cross_attention_dim=768)
    module = module.to(getattr(torch, dtype)).to_empty(device="cpu")
    for parameter in module.parameters():
        parameter.data.normal_(std=0.02)
    module.save_pretrained(folder / "unet", max_shard_size="100GB")
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
    start, begun = time.process_time(), time.perf_counter()
    module = load()
    loaded = time.process_time() - start
    if what == "load":
        return {"load": round(loaded, 3)}
    generator = torch.Generator().manual_seed(0)
    side = SMALL if what == "started" else SIDE
    x, context = torch.randn(1, 4, side, side, generator=generator), torch.randn(2, 77, 768, generator=generator)
    seconds, ends = [], [begun]
    with torch.no_grad():
        for t in (999.0, 749.0, 499.0, 249.0):
            start = time.process_time()
            away, toward = ask(module, torch.cat([x, x]), torch.full((2,), t), context).chunk(2)
            x = x - 0.1 * (away + 7.5 * (toward - away))
            seconds.append(round(time.process_time() - start, 2))
            ends.append(time.perf_counter())
    if what == "started":
        first, *warm = (after - before for before, after in pairwise(ends))
        return {"first": round(first, 2), "warm": round(min(warm), 2)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"load": round(loaded, 2), "steps": seconds, "peak": round(peak), "sum": float(x.abs().sum())}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    if len(sys.argv) == 2:
        main(place)
    elif sys.argv[2] == "write":
        write(place, sys.argv[3])
    elif sys.argv[2] == "cold":
        cold(place)
    else:
        print(json.dumps(take(place, *sys.argv[2:])))
