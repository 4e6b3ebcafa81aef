"""The device that renders, its free memory, and the memory tier that a model gets on it; without importing torch."""

import ctypes
import os
from dataclasses import dataclass
from importlib.metadata import version

from ..errors import InputError
from .specs import ModelSpec

TIERS = ("80gb", "24gb", "16gb")
TIER_MEANS = {
    "80gb": "bf16, all on the device",
    "24gb": "fp8 storage, whole models moved on and off the device",
    "16gb": "fp8 storage, layers moved on and off the device",
    "cpu": "float32 on the CPU",
}
GIB = 2**30


@dataclass(frozen=True)
class Device:
    """Where a render would run; memory in GiB."""

    kind: str  # cuda or cpu
    name: str
    free: float
    total: float


def device() -> Device:
    """The first visible NVIDIA GPU where torch can use one, else the CPU; takes milliseconds."""
    return (None if version("torch").endswith("+cpu") else first_gpu()) or _cpu()


def choose_tier(row: ModelSpec, on: Device, asked: str | None) -> str:
    """The asked tier, or the best one whose need the device's free memory covers; InputError where none fits."""
    if on.kind == "cpu":
        return "cpu" if asked in (None, "auto") else asked
    if asked not in (None, "auto"):
        return asked
    for tier in TIERS:
        if row.memory[tier] <= on.free:
            return tier
    least = row.memory[TIERS[-1]]
    raise InputError(
        f"{row.name} needs about {least:g} GiB of free device memory even with offloading, and {on.name} has "
        f"{on.free:.1f}; free some, choose a smaller model, or force a tier with --memory 16gb."
    )


def next_tier(tier: str) -> str | None:
    """The tier below, or None at the lowest."""
    place = TIERS.index(tier) + 1 if tier in TIERS else len(TIERS)
    return TIERS[place] if place < len(TIERS) else None


def _cpu() -> Device:
    page = os.sysconf("SC_PAGE_SIZE")
    free, total = (page * os.sysconf(name) / GIB for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"))
    return Device("cpu", "CPU", free, total)


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def first_gpu() -> Device | None:
    """The first visible NVIDIA GPU, whether or not torch can use it.

    Asked of the driver's own library: importing torch for it would cost a look-up its speed.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    first = (visible or "0").split(",")[0].strip()
    if visible is not None and first in ("", "-1"):
        return None
    try:
        driver = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    if driver.nvmlInit_v2() != 0:
        return None
    try:
        handle, memory, name = ctypes.c_void_p(), _Memory(), ctypes.create_string_buffer(96)
        if first.isdigit():
            found = driver.nvmlDeviceGetHandleByIndex_v2(int(first), ctypes.byref(handle))
        else:
            found = driver.nvmlDeviceGetHandleByUUID(first.encode(), ctypes.byref(handle))
        if found != 0 or driver.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) != 0:
            return None
        driver.nvmlDeviceGetName(handle, name, len(name))
        return Device("cuda", name.value.decode(), memory.free / GIB, memory.total / GIB)
    finally:
        driver.nvmlShutdown()
