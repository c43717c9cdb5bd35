"""Autoencoders of pictures, regularized by KL or by a codebook, with the parameter names of latent-diffusion."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from .autoencoder_config import AutoencoderConfig
from .blocks import GroupNorm, Upsample
from .regularization import Codebook, Codes, Distribution
from .unet_config import tupled


class ResnetBlock(nn.Module):
    """Two convolutions and a skip."""

    def __init__(self, channels: int, out_channels: int, config: AutoencoderConfig) -> None:
        super().__init__()
        self.norm1 = GroupNorm(config.groups, channels, eps=1e-6)
        self.conv1 = nn.Conv2d(channels, out_channels, 3, padding=1)
        self.norm2 = GroupNorm(config.groups, out_channels, eps=1e-6)
        self.dropout = nn.Dropout(config.dropout)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.shortcut = channels != out_channels
        if self.shortcut:
            self.nin_shortcut = nn.Conv2d(channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(functional.silu(self.norm1(x)))
        h = self.conv2(self.dropout(functional.silu(self.norm2(h))))
        return (self.nin_shortcut(x) if self.shortcut else x) + h  # type: ignore[no-any-return]


class AttnBlock(nn.Module):
    """Self-attention of one head over all places; residual."""

    def __init__(self, channels: int, config: AutoencoderConfig) -> None:
        super().__init__()
        self.norm = GroupNorm(config.groups, channels, eps=1e-6)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        query, key, value = (part(h).flatten(2).transpose(1, 2)[:, None] for part in (self.q, self.k, self.v))
        seen = functional.scaled_dot_product_attention(query, key, value)[:, 0]
        return x + self.proj_out(seen.transpose(1, 2).reshape(x.shape))  # type: ignore[no-any-return]


class Downsample(nn.Module):
    """Half the size by a strided convolution, padded at the right and the bottom only."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.pad(x, (0, 1, 0, 1)))  # type: ignore[no-any-return]


class Level(nn.Module):
    """The blocks of one size, each followed by attention where there is any, then the change of size."""

    def __init__(self, widths: list[int], attends: bool, config: AutoencoderConfig) -> None:
        super().__init__()
        self.block = nn.ModuleList(ResnetBlock(before, after, config) for before, after in pairwise(widths))
        self.attn = nn.ModuleList(AttnBlock(width, config) for width in widths[1:] if attends)

    def forward(self, x: Tensor) -> Tensor:
        for index, block in enumerate(self.block):
            x = block(x)
            x = self.attn[index](x) if self.attn else x
        for name in ("downsample", "upsample"):
            x = getattr(self, name)(x) if hasattr(self, name) else x
        return x


class Middle(nn.Module):
    """The smallest size: attention between two residual blocks."""

    def __init__(self, channels: int, config: AutoencoderConfig) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(channels, channels, config)
        self.attn_1 = AttnBlock(channels, config)
        self.block_2 = ResnetBlock(channels, channels, config)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """From pictures to what the latent is made of."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths, last = config.widths, len(config.widths) - 1
        self.conv_in = nn.Conv2d(config.in_channels, config.ch, 3, padding=1)
        self.down = nn.ModuleList()
        before = config.ch
        for level, width in enumerate(widths):
            stage = Level([before, *[width] * config.num_res_blocks], config.attends(level), config)
            if level != last:
                stage.downsample = Downsample(width)
            self.down.append(stage)
            before = width
        self.mid = Middle(before, config)
        self.norm_out = GroupNorm(config.groups, before, eps=1e-6)
        doubled = 2 if config.n_embed is None else 1
        self.conv_out = nn.Conv2d(before, doubled * config.z_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for stage in self.down:
            x = stage(x)
        return self.conv_out(functional.silu(self.norm_out(self.mid(x))))  # type: ignore[no-any-return]


class Decoder(nn.Module):
    """From what the latent is made of to pictures; `up` is numbered from the largest size, and walked backwards."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        before = config.widths[-1]
        self.conv_in = nn.Conv2d(config.z_channels, before, 3, padding=1)
        self.mid = Middle(before, config)
        stages: list[nn.Module] = []
        for level, width in reversed(list(enumerate(config.widths))):
            stage = Level([before, *[width] * (config.num_res_blocks + 1)], config.attends(level), config)
            if level:
                stage.upsample = Upsample(width, True)
            stages.insert(0, stage)
            before = width
        self.up = nn.ModuleList(stages)
        self.norm_out = GroupNorm(config.groups, before, eps=1e-6)
        self.conv_out = nn.Conv2d(before, config.out_ch, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.mid(self.conv_in(z))
        for stage in reversed(self.up):
            x = stage(x)
        return self.conv_out(functional.silu(self.norm_out(x)))  # type: ignore[no-any-return]


class Autoencoder(nn.Module):
    """An encoder, a decoder, and the convolutions between them and the latent."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        doubled = 2 if config.n_embed is None else 1
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.quant_conv = nn.Conv2d(doubled * config.z_channels, doubled * config.embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(config.embed_dim, config.z_channels, 1)

    def decode(self, latent: Tensor) -> Tensor:
        """Latents [batch, embed_dim, h, w] -> pictures in [-1, 1], [batch, out_ch, h * factor, w * factor]."""
        return self.decoder(self.post_quant_conv(latent))  # type: ignore[no-any-return]

    def means(self, picture: Tensor) -> Tensor:
        """The latents of pictures without noise, [batch, embed_dim, h, w]."""
        return self._encoded(picture)[:, : self.config.embed_dim]

    def _encoded(self, picture: Tensor) -> Tensor:
        if any(side % self.config.factor for side in picture.shape[2:]):
            sides = " x ".join(map(str, picture.shape[2:]))
            raise ValueError(f"a picture of {sides}: the autoencoder wants multiples of {self.config.factor}")
        return self.quant_conv(self.encoder(picture))  # type: ignore[no-any-return]


class KLAutoencoder(Autoencoder):
    """module(picture, noise): pictures in [-1, 1], noise like the latent -> pictures and the latents' distribution."""

    def encode(self, picture: Tensor) -> Distribution:
        """The distribution of the latents of pictures [batch, in_channels, height, width]."""
        mean, log_variance = self._encoded(picture).chunk(2, dim=1)
        return Distribution(mean, log_variance.clamp(-30, 20))

    def forward(self, picture: Tensor, noise: Tensor) -> tuple[Tensor, Distribution]:
        latent = self.encode(picture)
        return self.decode(latent.sample(noise)), latent


class VQAutoencoder(Autoencoder):
    """module(picture): pictures in [-1, 1] -> pictures, and the codes that they were made from."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__(config)
        assert config.n_embed is not None
        self.quantize = Codebook(config.n_embed, config.embed_dim)

    def encode(self, picture: Tensor) -> Tensor:
        """Latents [batch, embed_dim, h, w] before they are replaced, which is what latent diffusion works on."""
        return self._encoded(picture)

    def decode(self, latent: Tensor) -> Tensor:
        """Latents, replaced by the nearest entries, -> pictures in [-1, 1]."""
        return super().decode(self.quantize(latent).latent)

    def forward(self, picture: Tensor) -> tuple[Tensor, Codes]:
        codes = self.quantize(self._encoded(picture))
        return super().decode(codes.latent), codes


def autoencoder(**config: Any) -> KLAutoencoder | VQAutoencoder:
    """The autoencoder of a configuration; lists are taken for tuples, so that it may come from JSON."""
    made = AutoencoderConfig(**tupled(config))
    return KLAutoencoder(made) if made.n_embed is None else VQAutoencoder(made)
