"""The contract that samplers and guidance share: process, levels, denoiser, sampler, noise."""
