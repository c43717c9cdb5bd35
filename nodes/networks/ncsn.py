"""The noise-conditional score network of NCSN (Song & Ermon 2019), with the parameter names of its checkpoints."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .ncsn_config import NCSNConfig


class ConditionalNorm(nn.Module):
    """Instance normalization that keeps the means of channels, scaled and shifted by level (Song & Ermon 2019)."""

    def __init__(self, channels: int, levels: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(levels, 3 * channels)
        nn.init.normal_(self.embed.weight[:, : 2 * channels], 1, 0.02)
        nn.init.zeros_(self.embed.weight[:, 2 * channels :])

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        gamma, alpha, beta = (part[:, :, None, None] for part in self.embed(level).chunk(3, dim=-1))
        means = x.mean(dim=(2, 3), keepdim=True)
        kept = (means - means.mean(dim=1, keepdim=True)) / (means.var(dim=1, keepdim=True) + 1e-5).sqrt()
        return gamma * (functional.instance_norm(x) + alpha * kept) + beta  # type: ignore[no-any-return]


class MeanPooled(nn.Module):
    """A convolution, then the mean of 2 x 2."""

    def __init__(self, channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(self.conv(x), 2)


class Residual(nn.Module):
    """Two convolutions and a skip; `halves` its size, or with `dilation` keeps it and looks farther."""

    def __init__(self, channels: int, out_channels: int, levels: int, *, halves: bool, dilation: int) -> None:
        super().__init__()
        # Where it halves, the first convolution keeps the channels; a dilated block begins like one that halves.
        inner = channels if halves else out_channels
        self.normalize1, self.normalize2 = ConditionalNorm(channels, levels), ConditionalNorm(inner, levels)
        self.conv1 = _convolution(channels, inner, dilation)
        pooled = halves and dilation == 1
        self.conv2 = MeanPooled(inner, out_channels, 3) if pooled else _convolution(inner, out_channels, dilation)
        if halves:
            self.shortcut = (
                MeanPooled(channels, out_channels, 1) if pooled else _convolution(channels, out_channels, dilation)
            )
        self.skips = not halves

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        h = self.conv1(functional.elu(self.normalize1(x, level)))
        h = self.conv2(functional.elu(self.normalize2(h, level)))
        return (x if self.skips else self.shortcut(x)) + h  # type: ignore[no-any-return]


class Units(nn.Module):
    """Residual units of two convolutions each (RefineNet's RCU)."""

    def __init__(self, channels: int, count: int, levels: int) -> None:
        super().__init__()
        self.count = count
        for unit in range(1, count + 1):
            for stage in (1, 2):
                self.add_module(f"{unit}_{stage}_norm", ConditionalNorm(channels, levels))
                self.add_module(f"{unit}_{stage}_conv", nn.Conv2d(channels, channels, 3, padding=1, bias=False))

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        for unit in range(1, self.count + 1):
            h = x
            for stage in (1, 2):
                h = functional.elu(self.get_submodule(f"{unit}_{stage}_norm")(h, level))
                h = self.get_submodule(f"{unit}_{stage}_conv")(h)
            x = x + h
        return x


class Fusion(nn.Module):
    """Several resolutions brought to one and summed (RefineNet's MSF)."""

    def __init__(self, channels: list[int], out_channels: int, levels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(each, out_channels, 3, padding=1) for each in channels)
        self.norms = nn.ModuleList(ConditionalNorm(each, levels) for each in channels)

    def forward(self, several: list[Tensor], level: Tensor, size: torch.Size) -> Tensor:
        brought = (conv(norm(x, level)) for x, conv, norm in zip(several, self.convs, self.norms, strict=True))
        resized = (functional.interpolate(x, size=size, mode="bilinear", align_corners=True) for x in brought)
        return torch.stack(list(resized)).sum(0)


class Pooling(nn.Module):
    """What surrounds each place, added twice (RefineNet's CRP, with means for maxima)."""

    def __init__(self, channels: int, levels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.norms = nn.ModuleList(ConditionalNorm(channels, levels) for _ in range(2))

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        x = path = functional.elu(x)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            path = conv(functional.avg_pool2d(norm(path, level), 5, stride=1, padding=2))
            x = x + path
        return x


class Refinement(nn.Module):
    """One block of RefineNet: what comes from below joined to what the encoder knew at this size."""

    def __init__(self, channels: list[int], out_channels: int, levels: int, last: bool = False) -> None:
        super().__init__()
        self.adapt_convs = nn.ModuleList(Units(each, 2, levels) for each in channels)
        if len(channels) > 1:
            self.msf = Fusion(channels, out_channels, levels)
        self.crp = Pooling(out_channels, levels)
        self.output_convs = Units(out_channels, 3 if last else 1, levels)

    def forward(self, several: list[Tensor], level: Tensor) -> Tensor:
        adapted = [units(x, level) for units, x in zip(self.adapt_convs, several, strict=True)]
        joined = self.msf(adapted, level, several[0].shape[2:]) if len(several) > 1 else adapted[0]
        return self.output_convs(self.crp(joined, level), level)  # type: ignore[no-any-return]


class NCSN(nn.Module):
    """module(x, t): x [batch, channels, h, w] of even sides, t [batch] a geometric process's time -> the score."""

    def __init__(self, config: NCSNConfig) -> None:
        super().__init__()
        self.config = config
        width, levels = config.width, config.levels

        def pair(channels: int, out_channels: int, halves: bool, dilation: int = 1) -> nn.ModuleList:
            first = Residual(channels, out_channels, levels, halves=halves, dilation=dilation)
            return nn.ModuleList([first, Residual(out_channels, out_channels, levels, halves=False, dilation=dilation)])

        self.begin_conv = nn.Conv2d(config.channels, width, 3, padding=1)
        self.normalizer = ConditionalNorm(width, levels)
        self.end_conv = nn.Conv2d(width, config.channels, 3, padding=1)
        self.res1, self.res2 = pair(width, width, False), pair(width, 2 * width, True)
        self.res3, self.res4 = (pair(2 * width, 2 * width, True, dilation) for dilation in (2, 4))
        self.refine1 = Refinement([2 * width], 2 * width, levels)
        self.refine2 = Refinement([2 * width, 2 * width], 2 * width, levels)
        self.refine3 = Refinement([2 * width, 2 * width], width, levels)
        self.refine4 = Refinement([width, width], width, levels, last=True)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        last = self.config.levels - 1
        level = ((1 - t) * last).round().long().clamp(0, last)
        h, seen = self.begin_conv(x), []
        for stage in (self.res1, self.res2, self.res3, self.res4):
            for block in stage:
                h = block(h, level)
            seen.append(h)
        h = self.refine1([seen[3]], level)
        for refine, beside in ((self.refine2, seen[2]), (self.refine3, seen[1]), (self.refine4, seen[0])):
            h = refine([beside, h], level)
        output: Tensor = self.end_conv(functional.elu(self.normalizer(h, level)))
        return output / self._sigma(t).to(output)[:, None, None, None] if self.config.divide else output

    def _sigma(self, t: Tensor) -> Tensor:
        low, high = self.config.sigma_min, self.config.sigma_max
        return low * (high / low) ** t


def _convolution(channels: int, out_channels: int, dilation: int) -> nn.Conv2d:
    return nn.Conv2d(channels, out_channels, 3, padding=dilation, dilation=dilation)


def ncsn(**config: Any) -> NCSN:
    """The NCSN of a configuration."""
    return NCSN(NCSNConfig(**config))
