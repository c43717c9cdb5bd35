"""Training of diffusion models as noisegraph nodes."""
