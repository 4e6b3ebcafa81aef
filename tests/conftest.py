"""Fixtures that every test shares, and the guard that keeps tests off the network."""

import ipaddress
import os
import socket
from collections.abc import Callable
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
