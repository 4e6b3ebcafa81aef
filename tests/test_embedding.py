"""The embedded sentence model: unit vectors, the same by every path, from every thread, without a network."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from popcorn_agents.tools.embedding import SHORT, bundled_model, dimension, embed
from popcorn_agents.tools.errors import PopcornError

TITLES = [f"{thing} in {number} minutes" for thing in ("pasta", "pushups", "piano") for number in (1, 5, 10)]


def test_vectors_are_unit_and_know_meaning() -> None:
    noodles, spaghetti, football = embed(
        ["how to cook noodles", "a quick spaghetti recipe", "the best goals of the cup"]
    )
    assert np.allclose(np.linalg.norm([noodles, spaghetti, football], axis=1), 1, atol=1e-5)
    assert noodles @ spaghetti > noodles @ football + 0.2


def test_short_and_long_lists_take_different_paths_to_the_same_vectors() -> None:
    assert len(TITLES) > SHORT
    alone = np.vstack([embed([title]) for title in TITLES])
    assert np.allclose(alone, embed(TITLES), atol=1e-5)


def test_emoji_control_characters_and_nothing_at_all() -> None:
    assert embed(["\U0001f363\x00", ""]).shape == (2, dimension())
    assert embed([]).shape == (0, dimension())


def test_threads_share_one_model_and_get_their_own_vectors() -> None:
    expected = [embed([title])[0] for title in TITLES]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda title: embed([title])[0], TITLES * 4))
    assert np.allclose(found, expected * 4, atol=1e-5)


def test_one_core_for_a_query_leaves_the_process_as_it_was() -> None:
    import torch

    before = torch.get_num_threads()
    embed(["a query"])
    assert torch.get_num_threads() == before


def test_an_unknown_model_is_one_sentence() -> None:
    with pytest.raises(PopcornError, match="'no/such-model' could not be loaded"):
        embed(["x"], "no/such-model")


def test_loading_writes_nothing_and_leaves_the_environment_alone() -> None:
    code = "import os; before = dict(os.environ); from popcorn_agents.tools.embedding import embed; embed(['x']); "
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            code + "new = {k for k in os.environ if k not in before and k.startswith('HF_')}; assert not new",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_the_model_is_found_without_importing_its_package() -> None:
    code = (
        "import sys; from popcorn_agents.tools.embedding import bundled_model as m; m(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert (bundled_model() / "model.safetensors").is_file()
