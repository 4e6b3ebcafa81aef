"""The clip score: tiny random dual encoders on real clips, and one whose weights are set so that colours are words."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import torch_threads

from popcorn_agents.evaluation import clip_score as scoring
from popcorn_agents.evaluation.clip_score import check_clip_model, clip_score
from popcorn_agents.tools.errors import InputError, PopcornError
from popcorn_agents.tools.popularity.frames import image_encoder
from popcorn_agents.tools.video import encode

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
PICTURE = {"image_size": 32, "patch_size": 8}
RED, BLUE = (220, 20, 20), (20, 20, 220)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    threads = torch_threads(1)
    yield
    torch_threads(threads)


def tokenizer() -> Any:
    import transformers as t

    letters = [chr(number) for number in range(97, 123)]
    words = ["<pad>", *letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return t.CLIPTokenizer(vocab={word: number for number, word in enumerate(words)}, merges=[], pad_token="<pad>")


def save_dual(kind: str, folder: Path) -> Path:
    """CLIP or SigLIP with random weights, its image processor and its tokenizer."""
    import transformers as t

    torch.manual_seed(0)
    words = tokenizer()
    text = SMALL | {"vocab_size": len(words), "max_position_embeddings": 12, "eos_token_id": words.eos_token_id}
    if kind == "clip":
        model: Any = t.CLIPModel(t.CLIPConfig(text_config=text, vision_config=SMALL | PICTURE, projection_dim=12))
        processor: Any = t.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    else:
        model = t.SiglipModel(t.SiglipConfig(text_config=text, vision_config=SMALL | PICTURE))
        processor = t.SiglipImageProcessorPil(size={"height": 32, "width": 32})
    for part in (model, processor, words):
        part.save_pretrained(folder)
    return folder


def clip(path: Path, colour: tuple[int, int, int], last: tuple[int, int, int] | None = None) -> Path:
    frames = [np.full((32, 32, 3), colour, dtype=np.uint8) for _ in range(10)]
    frames += [np.full((32, 32, 3), last or colour, dtype=np.uint8) for _ in range(10)]
    encode(frames, path, fps=10, metadata={})
    return path


def teach(folder: Path, lessons: dict[str, tuple[int, int, int]]) -> None:
    """Train the saved model for a moment, until every text is nearest to its colour."""
    from transformers import CLIPModel

    torch.manual_seed(0)
    model, words = CLIPModel.from_pretrained(folder), tokenizer()
    processor = image_encoder(str(folder)).processor
    pictures = [np.full((32, 32, 3), colour, dtype=np.uint8) for colour in lessons.values()]
    inputs = processor(images=pictures, return_tensors="pt") | words(list(lessons), return_tensors="pt", padding=True)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(30):
        loss = model(**inputs, return_loss=True).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.save_pretrained(folder)
    image_encoder.cache_clear()


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_both_kinds_give_a_cosine_that_depends_on_both(kind: str, tmp_path: Path) -> None:
    model = str(save_dual(kind, tmp_path / kind))
    red, blue = clip(tmp_path / "red.mp4", RED), clip(tmp_path / "blue.mp4", BLUE)
    scores = [clip_score(text, video, model) for text in ("a red wall", "blue") for video in (red, blue)]
    assert all(-1 <= score <= 1 for score in scores)
    assert len({round(score, 6) for score in scores}) == 4
    assert clip_score("blue", blue, model) == pytest.approx(scores[3], abs=1e-6)
    assert np.isfinite(clip_score("a text much longer than the model can read " * 9 + "🍜 '\"", red, model))


def test_a_taught_model_finds_the_clip_that_was_asked_for(tmp_path: Path) -> None:
    model = save_dual("clip", tmp_path / "clip")
    teach(model, {"red": RED, "blue": BLUE})
    videos = {
        "red": clip(tmp_path / "red.mp4", RED),
        "half": clip(tmp_path / "half.mp4", RED, BLUE),
        "blue": clip(tmp_path / "blue.mp4", BLUE),
    }
    for text, order in (("red", ["red", "half", "blue"]), ("blue", ["blue", "half", "red"])):
        scores = {name: clip_score(text, video, str(model)) for name, video in videos.items()}
        assert sorted(scores, key=scores.__getitem__, reverse=True) == order
        # the mean over the frames: half of them show it
        assert scores["half"] == pytest.approx((scores["red"] + scores["blue"]) / 2, abs=0.02)


def test_side_by_side_the_model_is_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, video = str(save_dual("clip", tmp_path / "clip")), clip(tmp_path / "red.mp4", RED)
    scores: list[float] = []
    before = image_encoder.cache_info().misses
    work = [threading.Thread(target=lambda: scores.append(clip_score("red", video, model))) for _ in range(4)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(scores) == 4
    assert np.ptp(scores) < 1e-5
    assert image_encoder.cache_info().misses == before + 1


def test_what_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    import transformers as t

    model, video = save_dual("clip", tmp_path / "clip"), clip(tmp_path / "red.mp4", RED)
    with pytest.raises(PopcornError, match="'nobody/nothing' could not be loaded"):
        clip_score("red", video, "nobody/nothing")
    t.ViTModel(t.ViTConfig(**SMALL, **PICTURE)).save_pretrained(tmp_path / "vit")
    t.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path / "vit")
    with pytest.raises(InputError, match="does not compare texts with pictures"):
        clip_score("red", video, str(tmp_path / "vit"))
    with pytest.raises(InputError, match="does not compare texts with pictures"):
        check_clip_model(str(tmp_path / "vit"))
    check_clip_model(str(model))
    with pytest.raises(PopcornError, match="There is no video file"):
        clip_score("red", tmp_path / "none.mp4", str(model))
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.read_bytes()[:-300])
    with pytest.raises(PopcornError, match=r"cut\.mp4 is"):
        clip_score("red", cut, str(model))


@pytest.mark.parametrize("lost", ["model.safetensors", "preprocessor_config.json", "tokenizer.json", "cut short"])
def test_a_damaged_folder_is_one_sentence(lost: str, tmp_path: Path) -> None:
    model, video = save_dual("clip", tmp_path / "clip"), clip(tmp_path / "red.mp4", RED)
    damaged = tmp_path / "damaged"
    shutil.copytree(model, damaged)
    if lost == "cut short":
        weights = damaged / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:2000])
    else:
        for path in damaged.glob(f"{lost.split('.')[0].split('_')[0]}*"):
            path.unlink()
    with pytest.raises(PopcornError, match=r"damaged' (could not be loaded \(|knows \d+ tokens and)") as raised:
        clip_score("red", video, str(damaged))
    assert "\n" not in str(raised.value)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    model, video = save_dual("clip", tmp_path / "clip"), clip(tmp_path / "red.mp4", RED)
    weights = model / "model.safetensors"
    torch.save(image_encoder(str(model)).model.state_dict(), model / "pytorch_model.bin")
    weights.unlink()
    image_encoder.cache_clear()
    scoring._tokenizer.cache_clear()
    with pytest.raises(PopcornError, match="could not be loaded"):
        clip_score("red", video, str(model))
