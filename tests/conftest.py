"""Fixtures that every test shares, and the guard that keeps tests off the network."""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("LANGSMITH_TRACING", "false")
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
for _name in [name for name in os.environ if name.startswith("OTEL_")]:
    del os.environ[_name]  # the developer's collector is not for tests
os.environ["NO_PROXY"] = "127.0.0.1,localhost"

_connect = socket.socket.connect


def _is_loopback(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return address[0] == "localhost"


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if not _is_loopback(address):
        raise RuntimeError(f"a test tried to reach {address!r}; tests reach loopback only")
    _connect(self, address)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _guarded_connect)


@pytest.fixture(scope="session")
def own_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_data: Path) -> None:
    """No setting of the developer's shell or folder leaks into a test."""
    for name in [name for name in os.environ if name.startswith("POPCORN_") and name != "POPCORN_MICROLENS"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("POPCORN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(own_data))  # where the local signing certificate is kept
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder of a tiny real pipeline by family, built at its first use."""
    from tiny_pipelines import save_tiny

    folder, threads = tmp_path_factory.mktemp("models"), torch_threads(1)

    @cache
    def saved(family: str) -> Path:
        return save_tiny(family, folder / family)

    yield saved
    torch_threads(threads)


def torch_threads(count: int) -> int:
    """Set torch's threads, which on a shared machine are fastest as one; gives back how many there were."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    return before


@pytest.fixture(scope="session")
def microlens() -> Path:
    """A copy of the MicroLens sample: microlens_100k_titles.csv and videos/."""
    folder = os.environ.get("POPCORN_MICROLENS")
    if not folder:
        pytest.skip("POPCORN_MICROLENS does not name a copy of the MicroLens sample")
    return Path(folder)


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The clip of a video server: 18 frames of 96x64 at 24 a second; the fifth is the only one with detail."""
    import numpy as np

    from popcorn_agents.tools.video import encode

    noise = np.random.default_rng(7).integers(0, 255, (64, 96, 3), np.uint8)
    frames = [noise if index == 4 else np.full((64, 96, 3), 90 + 2 * index, np.uint8) for index in range(18)]
    path = tmp_path_factory.mktemp("raw") / "raw.mp4"
    encode(frames, path, fps=24, metadata={})
    return path.read_bytes()


@pytest.fixture
def server(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A video server that misbehaves on request; the renderer asks it without pauses."""
    from video_server import serve

    from popcorn_agents.tools.renderers import remote_job, video_api

    monkeypatch.setattr(remote_job, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(video_api, "BACKOFF_SECONDS", 0.001)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serve(raw) as server:
        yield server
