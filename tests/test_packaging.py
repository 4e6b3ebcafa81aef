"""The wheel holds everything, under one name only, and its command line works elsewhere."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())
IGNORED = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "runs", "__pycache__")


def packages_on_disk() -> set[str]:
    folders = [path.parent.relative_to(ROOT) for path in ROOT.glob("*/**/__init__.py")]
    ours = [
        folder
        for folder in folders
        if folder.parts[0] not in {"build", "typings", "tests"} and folder.parts[0][0] != "."
    ]
    return {"popcorn_agents"} | {".".join(("popcorn_agents", *folder.parts)) for folder in ours}


def test_every_folder_is_packaged() -> None:
    assert set(CONFIG["tool"]["setuptools"]["packages"]) == packages_on_disk()


def test_every_room_is_type_checked() -> None:
    links = {path.name for path in (ROOT / "typings" / "popcorn_agents").iterdir()}
    folders = {name.split(".")[1] for name in packages_on_disk() if "." in name}
    assert links == folders | {path.name for path in ROOT.glob("*.py")}


def test_extras_are_as_documented() -> None:
    extras = CONFIG["project"]["optional-dependencies"]
    assert {"cluster", "dev", "hub", "postgres", "report", "studio", "trace", "web"} == set(extras)
    assert all(">=" in requirement for requirement in CONFIG["project"]["dependencies"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=IGNORED, symlinks=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-q",
        "-w",
        str(folder),
    ]
    subprocess.run([*command, str(folder / "source")], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel alone; its dependencies are found where the tests' are."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)],
        check=True,
    )
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")  # a path alone: no editable hooks
    return folder


def test_the_wheel_holds_one_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"popcorn_agents"}


def test_the_wheel_holds_all_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    suffixes = {".md", ".csv", ".json", ".jsonl", ".npy", ".safetensors", ".ttf", ".otf", ".png", ".npz", ".txt"}
    folders = [ROOT / "prompts", ROOT / "tools"]
    data = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix in suffixes]
    missing = [
        str(path.relative_to(ROOT))
        for path in data
        if f"popcorn_agents/{path.relative_to(ROOT).as_posix()}" not in names
    ]
    assert data
    assert missing == []


def test_the_installed_command_works_from_another_folder(installed: Path, tmp_path: Path) -> None:
    def popcorn(*arguments: str) -> str:
        command = [str(installed / "bin" / "popcorn-agents"), *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""}
        ).stdout

    assert popcorn("--version").startswith("popcorn-agents ")
    where = [str(installed / "bin" / "python"), "-c", "import popcorn_agents; print(popcorn_agents.__file__)"]
    assert str(installed) in subprocess.run(where, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    found = json.loads(popcorn("exemplars", "search", "street food", "--json"))
    assert found["exemplars"]
    assert (
        0
        <= json.loads(popcorn("critic", "score", "--title", "I ate only street food", "--json"))["score"]["percentile"]
        <= 100
    )
