"""Train the popularity predictor. A small run for a try: a CSV with 400 rows takes about 10 seconds on a CPU.

Read top to bottom: `train` fits, for hashtag-blind and for full titles, the parts of a family (parts.py) and stacks
them with weights from out-of-fold predictions of the training rows. Rows with split `train` fit weights; rows with
split `valid` choose ridge penalties and the epoch at which a network stops, and set the interval, the percentiles and
the noise. Finished steps are kept in OUT/.unfinished, so that a training that was stopped goes on there.
"""

import datetime
import importlib.metadata
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..errors import InputError
from .clips import Clips, rows_with_clips
from .copies import sketch
from .features import Floats, character_counts, squared_distances, strip_hashtags, title_vectors, word_counts
from .frames import FRAMES
from .model import VARIANTS, save, text_of
from .parts import CHOICES, PARTS, PARTS_OF, Fit, Tensors, clusters_of, given, score_parts
from .reading import Reading, with_frames
from .rows import Row, read_rows
from .stacking import fit_mode
from .unfinished import Unfinished

Progress = Callable[[str], None]
"""Called with what is being done, in words."""

MINIMUM_ROWS = 200
FOLDS = 4
RESAMPLES = 8
FAMILIES = {
    "critic": "hashed words, topics and MMRA on text",
    "judge": "hashed characters and sentence vectors",
}


def train(
    data: Path,
    out: Path,
    *,
    seed: int = 0,
    judge_share: float = 0.0,
    clips: Clips | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train on a CSV (video_id, title, comment_count, split), write the weights to `out`, return their card.

    Without a split column a tenth of the rows, drawn by the seed, is held out. With a judge_share, so large a part of
    the training rows is kept from the critic, and a judge of another family is trained on it, written to `out/judge`.
    With clips the critic also learns MMRA with frames; rows without a clip are left out, and said to be.
    Raises InputError for data that cannot be read or is too small.
    """
    from threadpoolctl import threadpool_limits

    # Where the cores cannot be counted (some containers) the clustering would warn; it runs on one thread anyway.
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")
    rows, held = split_rows(rows_with_clips(read_rows(data), clips, progress), seed)
    own, others = share_out(rows, judge_share, seed)
    with threadpool_limits(1), one_torch_thread():  # sums in one order: equal seeds give equal bytes
        if others:
            train_family("judge", data, others, held, out / "judge", seed, progress)
        return train_family("critic", data, own, held, out, seed, progress, known=others, clips=clips)


def train_family(
    family: str,
    data: Path,
    rows: list[Row],
    held: list[Row],
    out: Path,
    seed: int,
    progress: Progress | None,
    known: Sequence[Row] = (),
    clips: Clips | None = None,
) -> dict[str, Any]:
    """Train one family on `rows`, held out `held`, and write it; `known` are other videos whose titles count as
    copies."""
    tell = progress or (lambda message: None)
    models, variants = {}, {}
    for name in VARIANTS:
        steps = Unfinished(out / ".unfinished", [family, name, seed, rows, held, clips])
        models[name], variants[name] = fit_variant(family, name, rows, held, seed, tell, steps, clips)
    noise = variants["hashtag_blind"].pop("noise")
    variants["full"].pop("noise", None)
    card = {
        "name": f"popcorn-agents popularity {family}: {FAMILIES[family]}",
        "family": family,
        "data": data.name,
        "label": "log2(comments)",
        "n": {"train": len(rows), "valid": len(held)},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {
            name: importlib.metadata.version(name) for name in ("popcorn-agents", "numpy", "scikit-learn", "torch")
        },
        "seed": seed,
        "mean_label": float(np.mean([row.label for row in rows])),
        "noise": noise,
        "noise_meaning": "Percentile points; the typical (median) standard deviation of the difference in percentile "
        "of a held-out title and its nearest held-out neighbour, over predictors trained on bootstrap resamples.",
        "limits": "A rank among MicroLens videos by title alone; the hashtag-blind score explains about a tenth of the "
        "variance of log2 comments. It is no promise of popularity.",
        "long": long_title(rows),
        **(
            {}
            if clips is None
            else {"frames": {"encoder": clips.encoder, "captioner": clips.captioner, "count": FRAMES}}
        ),
        "variants": variants,
    }
    if family == "critic":
        models["hashtag_blind"]["copies"] = sketch(
            [text_of(row.title, "hashtag_blind") for row in [*rows, *held, *known]]
        )
    save(out, models, card)
    steps.clear()
    return card


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Torch computes on one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def split_rows(rows: list[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """Rows to fit and rows held out."""
    fitting = [row for row in rows if row.split == "train"]
    held = [row for row in rows if row.split == "valid"]
    if not fitting or not held:
        order = np.random.default_rng(seed).permutation(len(rows))
        held = [rows[i] for i in order[: len(rows) // 10]]
        fitting = [rows[i] for i in order[len(rows) // 10 :]]
    if len(fitting) + len(held) < MINIMUM_ROWS or len(held) < MINIMUM_ROWS // 10:
        raise InputError(f"{len(rows)} titles are too few to train on; give at least {MINIMUM_ROWS}.")
    return fitting, held


def share_out(rows: list[Row], judge_share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """The critic's rows and the judge's; equal titles go to the same side, so that neither knows the other's."""
    if not judge_share:
        return rows, []
    titles = sorted({text_of(row.title, "hashtag_blind") for row in rows} - {""})
    drawn = np.random.default_rng(seed).permutation(len(titles))[: round(judge_share * len(titles))]
    kept_back = {titles[i] for i in drawn}
    side = [text_of(row.title, "hashtag_blind") in kept_back for row in rows]
    others = [row for row, judged in zip(rows, side, strict=True) if judged]
    if len(others) < MINIMUM_ROWS:
        raise InputError(f"A judge needs at least {MINIMUM_ROWS} training titles; raise --judge-share or leave it out.")
    return [row for row, judged in zip(rows, side, strict=True) if not judged], others


def long_title(rows: list[Row]) -> int:
    """Characters than which 95 of 100 training titles are shorter, without their hashtags."""
    lengths = [len(text) for row in rows if (text := text_of(strip_hashtags(row.title), "full"))]
    return int(np.quantile(lengths, 0.95)) if lengths else 0


def fit_variant(
    family: str,
    variant: str,
    rows: list[Row],
    held: list[Row],
    seed: int,
    tell: Progress,
    steps: Unfinished,
    clips: Clips | None = None,
) -> tuple[Tensors, dict[str, Any]]:
    """The tensors and their entry in the card: choices, reach, and for each mode stack, interval, metrics, ablation."""
    reading, labels = features("fit", rows, variant, tell, steps, clips)
    held_reading, held_labels = features("held", held, variant, tell, steps, clips)
    clusters = clusters_of(reading, seed)
    fit = Fit(reading, labels, clusters, seed, {}, held=(held_reading, held_labels))
    stacks = PARTS_OF[family] | (PARTS_OF["frames"] if reading.visual is not None else {})
    names = list(dict.fromkeys(name for parts in stacks.values() for name in parts))
    tensors = fit.base()
    for name in names:
        tell(f"fitting {name} ({variant})")
        if name in CHOICES:
            fit.chosen[name] = best_penalty(name, fit)
        tensors |= PARTS[name][0](fit)
    guesses = out_of_fold(names, fit, lambda fold: tell(f"fold {fold + 1} of {FOLDS} ({variant})"), steps)
    nearest = squared_distances(held_reading.vectors, tensors["centres"]).min(axis=1)
    modes = {}
    for mode, parts in stacks.items():
        columns = [names.index(name) for name in parts]
        bank = bank_for(fit) if mode == "bank" else None
        asked = score_parts(parts, tensors, held_reading, bank)
        modes[mode] = fit_mode(parts, guesses[:, columns], labels, asked, held_labels, seed)
    entry = {"chosen": fit.chosen, "reach": float(np.quantile(nearest, 0.99)), "modes": modes}
    if variant == "hashtag_blind":
        tell("measuring the noise")
        entry["noise"] = measured_noise(PARTS_OF[family]["alone"], fit, modes["alone"], steps)
    return tensors, entry


def features(
    what: str, rows: list[Row], variant: str, tell: Progress, steps: Unfinished, clips: Clips | None
) -> tuple[Reading, Floats]:
    """What the parts read of the rows, and their labels."""

    def count(done: int, total: int) -> None:
        tell(f"embedding titles ({variant}): {done} of {total}")

    texts = [text_of(row.title, variant) for row in rows]
    labels = np.array([row.label for row in rows], dtype=np.float32)
    vectors = steps.once(f"vectors {what}", lambda: title_vectors(texts, count))
    reading = Reading(word_counts(texts), character_counts(texts), vectors)
    if clips is None:
        return reading, labels
    return with_frames(reading, texts, clips.see([row.video_id for row in rows], tell)), labels


def bank_for(fit: Fit) -> Any:
    """The training rows as a bank of single videos."""
    from .bank import Bank

    return Bank(fit.reading.vectors, fit.labels, fit.reading.words, fit.reading.characters)


def best_penalty(name: str, fit: Fit) -> float:
    """The penalty with the smallest squared error on the held-out rows."""
    reading, labels = given(fit.held)

    def error(penalty: float) -> float:
        tensors = fit.base() | PARTS[name][0](fit._replace(chosen={name: penalty}))
        return float(np.mean((score_parts([name], tensors, reading)[:, 0] - labels) ** 2))

    return min(CHOICES[name], key=error)


def out_of_fold(names: list[str], fit: Fit, tell: Callable[[int], None], steps: Unfinished) -> Floats:
    """For each row what every part predicts when fitted without its fold, shape (n, parts)."""
    folds = np.random.default_rng(fit.seed).permutation(len(fit.labels)) % FOLDS
    guesses = np.empty((len(fit.labels), len(names)), dtype=np.float32)

    def one(fold: int) -> Floats:
        part = fit.take(np.flatnonzero(folds != fold))
        tensors = part.base()
        for name in names:
            tensors |= PARTS[name][0](part)
        return score_parts(names, tensors, fit.reading.take(np.flatnonzero(folds == fold)), bank_for(part))

    for fold in range(FOLDS):
        tell(fold)
        guesses[folds == fold] = steps.once(f"fold {fold} {sorted(fit.chosen.items())}", partial(one, fold))
    return guesses


def measured_noise(parts: tuple[str, ...], fit: Fit, mode: dict[str, Any], steps: Unfinished) -> float:
    """The change of percentile that counts as none; its meaning stands in the card."""
    reading, _ = given(fit.held)
    rng = np.random.default_rng(fit.seed)
    likeness = reading.vectors @ reading.vectors.T
    likeness[likeness > 0.999] = -1  # the title itself and its exact copies
    neighbour = likeness.argmax(axis=1)
    shares = np.array(list(mode["stack"].values()), dtype=np.float32)

    def scores(sample: Any) -> Floats:
        part = fit.take(sample)
        tensors = part.base()
        for name in parts:
            tensors |= PARTS[name][0](part)
        return cast(Floats, score_parts(parts, tensors, reading) @ shares)

    gains = []
    for number in range(RESAMPLES):
        sample = rng.integers(0, len(fit.labels), len(fit.labels))
        found = steps.once(f"noise {number} {mode['bias']}", partial(scores, sample))
        ranks = 100 * np.searchsorted(np.sort(found), found) / len(found)
        gains.append(ranks[neighbour] - ranks)
    return float(np.median(np.std(gains, axis=0, ddof=1)))
