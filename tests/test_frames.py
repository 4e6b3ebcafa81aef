"""Frames of clips: tiny random image models read real videos, and a critic learns from what clips show."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from popcorn_agents.tools.errors import InputError, PopcornError
from popcorn_agents.tools.popularity import frames as reading
from popcorn_agents.tools.popularity.clips import Clips, rows_with_clips
from popcorn_agents.tools.popularity.frames import FRAMES, Seen, captions, frame_vectors, see
from popcorn_agents.tools.popularity.model import load
from popcorn_agents.tools.popularity.predictor import frames_for, score_titles
from popcorn_agents.tools.popularity.rows import Row
from popcorn_agents.tools.popularity.train import train
from popcorn_agents.tools.renderers.benchmark import scorer
from popcorn_agents.tools.video import encode

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
PICTURE = {"image_size": 32, "patch_size": 8}


def save_encoder(kind: str, folder: Path) -> Path:
    import transformers as t

    torch.manual_seed(0)
    text = SMALL | {"vocab_size": 20, "max_position_embeddings": 8}
    if kind == "vit":
        model: Any = t.ViTModel(t.ViTConfig(**SMALL, **PICTURE), add_pooling_layer=False)
        processor: Any = t.ViTImageProcessorPil(size={"height": 32, "width": 32})
    elif kind == "clip":
        model = t.CLIPModel(t.CLIPConfig(text_config=text, vision_config=SMALL | PICTURE, projection_dim=12))
        processor = t.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    else:
        model = t.SiglipModel(t.SiglipConfig(text_config=text, vision_config=SMALL | PICTURE))
        processor = t.SiglipImageProcessorPil(size={"height": 32, "width": 32})
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def save_captioner(folder: Path) -> Path:
    import transformers as t
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[DEC]", "a", "cat", "on", "the", "moon"]
    special = {"bos_token_id": 4, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    text = SMALL | special | {"vocab_size": 10, "encoder_hidden_size": 16, "max_position_embeddings": 64}
    config = t.BlipConfig(text_config=text, vision_config=SMALL | PICTURE, projection_dim=8)
    tokenizer = t.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]")),
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", bos_token="[DEC]",
    )  # fmt: skip
    t.BlipForConditionalGeneration(config).save_pretrained(folder)
    t.BlipProcessor(t.BlipImageProcessorPil(size={"height": 32, "width": 32}), tokenizer).save_pretrained(folder)
    return folder


def clip(path: Path, colour: tuple[int, int, int]) -> Path:
    frames = [np.full((32, 32, 3), colour, dtype=np.uint8) for _ in range(12)]
    encode(frames, path, fps=12, metadata={})
    return path


@pytest.mark.parametrize(("kind", "width"), [("vit", 16), ("clip", 12), ("siglip", 16)])
def test_any_image_encoder_reads_a_clip_once(
    kind: str, width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = str(save_encoder(kind, tmp_path / kind))
    red, blue = clip(tmp_path / "red.mp4", (200, 30, 30)), clip(tmp_path / "blue.mp4", (30, 30, 200))
    first = see([red, blue], encoder, None, tmp_path / "cache").visual
    assert first.shape == (2, FRAMES, width)
    assert not np.allclose(first[0], first[1], atol=1e-4)
    monkeypatch.setattr(reading, "sample_frames", None)  # found again by content: nothing is decoded
    (tmp_path / "copy.mp4").write_bytes(red.read_bytes())
    assert np.array_equal(frame_vectors(tmp_path / "copy.mp4", encoder, tmp_path / "cache"), first[0])


def test_real_videos_are_read(microlens: Path, tmp_path: Path) -> None:
    encoder = str(save_encoder("vit", tmp_path / "vit"))
    videos = sorted((microlens / "videos").glob("*.mp4"))
    found = see(videos, encoder, None, tmp_path / "cache").visual
    assert found.shape == (3, FRAMES, 16)
    assert np.isfinite(found).all()
    assert found.std(axis=1).min() > 0  # the frames of a video differ


def test_captions_are_made_once_and_damage_is_mended(tmp_path: Path) -> None:
    captioner = str(save_captioner(tmp_path / "blip"))
    video = clip(tmp_path / "red.mp4", (200, 30, 30))
    first = captions(video, captioner, tmp_path / "cache")
    assert len(first) == FRAMES
    assert len(set(first)) == 1  # the frames are alike
    cached = next((tmp_path / "cache/frames").glob("*.json"))
    assert json.loads(cached.read_text()) == first
    cached.write_text("[")
    assert captions(video, captioner, tmp_path / "cache") == first


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PopcornError, match="could not be loaded"):
        frame_vectors(tmp_path / "x.mp4", str(tmp_path), tmp_path)
    encoder = str(save_encoder("vit", tmp_path / "vit"))
    with pytest.raises(PopcornError, match=r"x\.mp4 cannot be read"):
        frame_vectors(tmp_path / "x.mp4", encoder, tmp_path)
    clips = Clips(tmp_path, encoder, None, tmp_path)
    with pytest.raises(InputError, match="without slashes"):
        rows_with_clips([Row("../x", "a", 1.0, "")], clips, None)
    with pytest.raises(InputError, match="holds no clip"):
        rows_with_clips([Row("x", "a", 1.0, "")], clips, None)
    with pytest.raises(PopcornError, match="reads no frames"):
        score_titles(["a title"], seen=Seen(np.zeros((1, FRAMES, 16), np.float32), [""]))


@pytest.mark.slow
@pytest.mark.parametrize("captioned", [False, True])
def test_a_critic_learns_what_only_the_frames_tell(captioned: bool, tmp_path: Path) -> None:
    captioner = str(save_captioner(tmp_path / "blip")) if captioned else None
    encoder, folder = str(save_encoder("vit", tmp_path / "vit")), tmp_path / "clips"
    folder.mkdir()
    draw, lines = np.random.default_rng(0), ["video_id,title,comment_count,split"]
    for n in range(240):
        bright = bool(draw.random() < 0.5)
        level = int(draw.integers(150, 250) if bright else draw.integers(5, 100))
        clip(folder / f"{n}.mp4", (level, level, level // 2))
        count = int(draw.integers(60, 120) if bright else draw.integers(1, 6))
        lines.append(f"{n},a short film number {n % 7},{count},{'valid' if n % 5 == 0 else 'train'}")
    lines.append("none,a film without a clip,5,train")
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    said: list[str] = []
    card = train(
        tmp_path / "d.csv",
        tmp_path / "w",
        clips=Clips(folder, encoder, captioner, tmp_path / "cache"),
        progress=said.append,
    )
    assert "1 of 241 videos have no clip and are left out" in said
    modes = card["variants"]["hashtag_blind"]["modes"]
    assert modes["frames"]["metrics"]["nmse"] < 0.5
    assert modes["alone"]["metrics"]["nmse"] > 0.9
    assert load(tmp_path / "w").card["frames"] == {"encoder": encoder, "captioner": captioner, "count": FRAMES}
    scores = []
    for name, level in (("bright", 220), ("dark", 20)):
        video = clip(tmp_path / f"{name}.mp4", (level, level, level // 2))
        seen = frames_for(video, tmp_path / "w", tmp_path / "cache")
        scores.append(score_titles(["a short film number 3"], weights=tmp_path / "w", seen=seen)[0].percentile)
    assert scores[0] > scores[1] + 20
    prompted = frames_for(video, tmp_path / "w", tmp_path / "cache", "a dark cat on the moon")
    assert prompted is not None
    assert prompted.captions == ["a dark cat on the moon" if captioned else ""]
    assert score_titles(["a short film number 3"], weights=tmp_path / "w", seen=prompted)[0].percentile < scores[0]
    assert frames_for(video, None, tmp_path) is None
    score, told = scorer("a short film number 3", "", tmp_path / "w", tmp_path / "cache")
    assert "title and frames" in told
    assert score is not None
    assert [score(tmp_path / f"{name}.mp4") for name in ("bright", "dark")] == scores
