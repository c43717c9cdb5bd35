"""An autoencoder walked layer by layer in strips of rows, so that large pictures fit: with the same result as whole.

Between layers a picture lies where it came from, on the computer's side; the device holds one strip. Each convolution
reads the rows beside its strip, and group normalization takes its statistics over the whole picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from .autoencoder import AttnBlock, Autoencoder, Decoder, Downsample, Encoder, Level, Middle, ResnetBlock
from .blocks import GroupNorm, Upsample

Work = Callable[[Tensor], Tensor]


class Strips:
    """Walks the layers of an autoencoder with so many rows at a time."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def decode(self, module: Autoencoder, latent: Tensor) -> Tensor:
        """Latents [batch, channels, h, w] -> pictures in [-1, 1], where the latents lie."""
        codes = getattr(module, "quantize", None)
        if codes is not None:
            latent = codes(_to(latent, module)).latent.to(latent)
        return self._decoder(module.decoder, self._plain(latent, module.post_quant_conv))

    def means(self, module: Autoencoder, picture: Tensor) -> Tensor:
        """Pictures in [-1, 1] -> their latents without noise, where the pictures lie."""
        encoded = self._plain(self._encoder(module.encoder, picture), module.quant_conv)
        return encoded[:, : module.config.embed_dim]

    def _decoder(self, decoder: Decoder, z: Tensor) -> Tensor:
        x = self._middle(decoder.mid, self._plain(z, decoder.conv_in))
        for stage in reversed(decoder.up):
            x = self._level(stage, x)
        return self._normed(x, decoder.norm_out, decoder.conv_out)

    def _encoder(self, encoder: Encoder, picture: Tensor) -> Tensor:
        x = self._plain(picture, encoder.conv_in)
        for stage in encoder.down:
            x = self._level(stage, x)
        return self._normed(self._middle(encoder.mid, x), encoder.norm_out, encoder.conv_out)

    def _level(self, level: nn.Module, x: Tensor) -> Tensor:
        assert isinstance(level, Level)
        for index, block in enumerate(level.block):
            x = self._resnet(block, x)
            x = _whole(level.attn[index], x) if level.attn else x
        for name in ("downsample", "upsample"):
            resampled = getattr(level, name, None)
            x = x if resampled is None else self._resampled(x, resampled)
        return x

    def _middle(self, middle: Middle, x: Tensor) -> Tensor:
        return self._resnet(middle.block_2, _whole(middle.attn_1, self._resnet(middle.block_1, x)))

    def _resnet(self, block: nn.Module, x: Tensor) -> Tensor:
        assert isinstance(block, ResnetBlock)
        h = self._normed(self._normed(x, block.norm1, block.conv1), block.norm2, block.conv2)
        for start, end in self._bounds(h):
            beside = x[:, :, start:end]
            if block.shortcut:
                beside = block.nin_shortcut(_to(beside, block)).to(h)
            h[:, :, start:end] += beside
        return h

    def _plain(self, x: Tensor, convolution: nn.Conv2d) -> Tensor:
        return self._convolved(x, convolution, lambda strip: strip)

    def _normed(self, x: Tensor, norm: GroupNorm, convolution: nn.Conv2d) -> Tensor:
        """Group normalization over the whole picture, the activation, and a convolution."""
        scale, shift = self._statistics(x, norm)
        return self._convolved(x, convolution, lambda strip: functional.silu(strip.to(scale) * scale + shift))

    def _statistics(self, x: Tensor, norm: GroupNorm) -> tuple[Tensor, Tensor]:
        """What every channel of every item is multiplied by, and what is added, [batch, channels, 1, 1]."""
        sums = torch.zeros(2, len(x), norm.num_groups, dtype=torch.float64)
        for start, end in self._bounds(x):
            grouped = _to(x[:, :, start:end], norm).double().unflatten(1, (norm.num_groups, -1)).flatten(2)
            sums += torch.stack([grouped.sum(2), grouped.square().sum(2)]).cpu()
        mean, square = sums / (x[0].numel() // norm.num_groups)
        deviation = (square - mean.square()).clamp(min=0).add(norm.eps).sqrt()
        each = x.shape[1] // norm.num_groups
        weight = norm.weight.double().cpu()
        scale = weight / deviation.repeat_interleave(each, dim=1)
        shift = norm.bias.double().cpu() - mean.repeat_interleave(each, dim=1) * scale
        put = torch.float64 if x.dtype == torch.float64 else torch.float32
        scale, shift = (part.to(norm.weight.device, put)[:, :, None, None] for part in (scale, shift))
        return scale, shift

    def _convolved(self, x: Tensor, convolution: nn.Conv2d, work: Work) -> Tensor:
        """The convolution of what `work` makes of each strip; rows beyond the picture are zero."""
        reach = convolution.kernel_size[0] // 2
        out = x.new_empty(len(x), convolution.out_channels, *x.shape[2:])
        for start, end in self._bounds(x):
            first, last = max(start - reach, 0), min(end + reach, x.shape[2])
            made = _to(work(_to(x[:, :, first:last], convolution)), convolution)
            out[:, :, start:end] = convolution(made)[:, :, start - first : end - first]
        return out

    def _resampled(self, x: Tensor, layer: nn.Module) -> Tensor:
        """Twice or half the size, by the layer itself on strips with the rows beside them."""
        if isinstance(layer, Upsample):
            return self._plain(x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3), layer.conv)
        assert isinstance(layer, Downsample)
        height, width = x.shape[2] // 2, x.shape[3] // 2
        out = x.new_empty(*x.shape[:2], height, width)
        for start, end in self._bounds(out):
            strip = functional.pad(x[:, :, 2 * start : 2 * end + 1], (0, 1, 0, int(end == height)))
            out[:, :, start:end] = layer.conv(_to(strip, layer))
        return out

    def _bounds(self, x: Tensor) -> Iterator[tuple[int, int]]:
        height = x.shape[2]
        return ((start, min(start + self.rows, height)) for start in range(0, height, self.rows))


def _whole(attention: nn.Module, x: Tensor) -> Tensor:
    """Attention stands at small sizes, where every place looks at every other."""
    assert isinstance(attention, AttnBlock)
    return attention(_to(x, attention)).to(x)  # type: ignore[no-any-return]


def _to(x: Tensor, module: nn.Module) -> Tensor:
    """On the module's device, in the type of its biases and norms: its matrices may be stored in another."""
    return x.to(next(parameter for parameter in module.parameters() if parameter.dim() == 1))
