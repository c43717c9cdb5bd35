"""How busy a CUDA device is, as NVIDIA's driver tells it."""

from __future__ import annotations

import ctypes
from typing import Any

_DRIVER = "libnvidia-ml.so.1"


class _Rates(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


class Gauge:
    """Asks the driver; it knows nothing where there is no such driver, or the device is another's."""

    def __init__(self, uuid: str) -> None:
        self._library: Any = None
        self._handle = ctypes.c_void_p()
        try:
            library = ctypes.CDLL(_DRIVER)
        except OSError:
            return
        name = uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"
        if library.nvmlInit_v2() == 0:
            found = library.nvmlDeviceGetHandleByUUID(name.encode(), ctypes.byref(self._handle))
            self._library = library if found == 0 else None

    @property
    def busy(self) -> float | None:
        """The per cent of the last moments in which the device worked; None where unknown."""
        rates = _Rates()
        if self._library is None or self._library.nvmlDeviceGetUtilizationRates(self._handle, ctypes.byref(rates)):
            return None
        return float(rates.gpu)
