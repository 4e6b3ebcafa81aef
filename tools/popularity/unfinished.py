"""Finished steps of a training that may be stopped: each an array in a folder, found again by what it depends on."""

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..renderers.cache import write_atomic


class Unfinished:
    """Keeps arrays under a key of the inputs; a step that is there is not computed again."""

    def __init__(self, folder: Path, inputs: Any) -> None:
        self.folder, self.inputs = folder, repr(inputs)

    def once(self, step: str, compute: Callable[[], NDArray[Any]]) -> Any:
        """What `compute` returns, from the folder where it was kept whole."""
        from safetensors import SafetensorError
        from safetensors.numpy import load, save

        path = self.folder / f"{sha256(f'{step}|{self.inputs}'.encode()).hexdigest()[:24]}.safetensors"
        try:
            return load(path.read_bytes())["step"]
        except (FileNotFoundError, SafetensorError):
            found = np.ascontiguousarray(compute())
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, save({"step": found}))
        return found

    def clear(self) -> None:
        """Forget all steps."""
        shutil.rmtree(self.folder, ignore_errors=True)
