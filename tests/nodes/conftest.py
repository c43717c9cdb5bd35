"""These tests run on few small tensors, for which threads cost more than they save."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
