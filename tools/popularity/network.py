"""Train and apply MMRA networks on text: what they read from a bank, the training loop, and their tensors."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .bank import Bank, Clusters, Indices, labels_without_own, prototypes
from .features import Floats, half

if TYPE_CHECKING:
    from .reading import Reading

# Chosen on validation titles: sharpness 10 with 50 neighbours gains 0.013 of rank correlation over the published 1 with
# 10 (hashtag-blind 0.330 against 0.318; a smaller head and dropout gain 0.002).
SETTINGS: dict[str, Any] = {"d": 384, "retrieved": 50, "hidden": (256, 64), "dropout": 0.2, "sharpness": 10.0}
PROTOTYPES_READ = 20
LEARNING_RATE = 3e-4
WEIGHT_DECAY = 1e-2
BATCH = 64
MAX_EPOCHS = 12
PATIENCE = 3
TITLES_AT_ONCE = 1024
FRAMES_AT_ONCE = 64


class Fitted(NamedTuple):
    """The tensors of a trained network (half precision) and the number of epochs after which it was best."""

    tensors: dict[str, Floats]
    epochs: int


def batch_from_bank(bank: Bank, vectors: Floats, scale: tuple[float, float], own: Indices | None = None) -> Any:
    """The network's inputs for titles (n, d) against a bank of single videos; `own` names rows to leave out."""
    similarity, rows = bank.nearest(vectors, SETTINGS["retrieved"], own)
    return _batch(vectors, similarity, bank.vectors, rows, bank.labels[rows], scale)


def batch_from_prototypes(
    bank: Bank,
    vectors: Floats,
    scale: tuple[float, float],
    members: tuple[Clusters, Floats] | None = None,
    reading: "Reading | None" = None,
) -> Any:
    """The same against prototypes; with `members` (clusters and labels of these very titles) none counts itself.

    With a reading that holds frames, and a bank that does, the network reads frames as well, and cases are found by the
    reading's scenes.
    """
    frames = None if reading is None else reading.visual
    asked = vectors if reading is None or reading.scenes is None else reading.scenes
    similarity, rows = bank.nearest(asked, PROTOTYPES_READ)
    import torch

    labels = bank.labels[rows] if members is None else labels_without_own(*members, rows)
    batch = _batch(vectors, similarity, bank.vectors if bank.text is None else bank.text, rows, labels, scale)
    if frames is None or bank.visual is None:
        return batch
    near = _aggregated(similarity, bank.visual, rows, FRAMES_AT_ONCE)
    return batch._replace(visual=torch.from_numpy(np.ascontiguousarray(frames)), near_visual=near)


def _batch(
    vectors: Floats, similarity: Floats, stored: Floats, rows: Indices, labels: Floats, scale: tuple[float, float]
) -> Any:
    import torch

    from .mmra import Batch, aggregate

    sharpness, (mean, spread) = SETTINGS["sharpness"], scale
    near = _aggregated(similarity, stored, rows, TITLES_AT_ONCE)
    standard = torch.from_numpy(((labels - mean) / spread).astype(np.float32))
    text = torch.from_numpy(np.ascontiguousarray(vectors))
    return Batch(text, near, aggregate(torch.from_numpy(similarity), standard, sharpness))


def _aggregated(similarity: Floats, stored: Floats, rows: Indices, at_once: int) -> Any:
    """The aggregate of the retrieved rows, some titles at a time: what all retrieve would not fit in memory."""
    import torch

    from .mmra import aggregate

    sharpness = SETTINGS["sharpness"]
    return torch.cat(
        [
            aggregate(
                torch.from_numpy(similarity[i : i + at_once]),
                torch.from_numpy(stored[rows[i : i + at_once]]),
                sharpness,
            )
            for i in range(0, len(rows), at_once)
        ]
    )


def _config(batch: Any) -> Any:
    from .mmra import MmraConfig

    frames = {} if batch.visual is None else {"frames": batch.visual.shape[1], "visual_dim": batch.visual.shape[2]}
    return MmraConfig(text_dim=batch.text.shape[1], **SETTINGS, **frames)


def fit_network(
    batch: Any, targets: Floats, *, seed: int, epochs: int | None = None, held: tuple[Any, Floats] | None = None
) -> Fitted:
    """Train on standardised targets (n,): for so many epochs, or until `held` (batch, targets) has not improved.

    Deterministic by seed on one thread.
    """
    import torch

    from .mmra import Mmra

    torch.manual_seed(seed)
    model = Mmra(_config(batch))
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    wanted = torch.from_numpy(targets)
    best, best_error, best_epoch = _state(model), float("inf"), 0
    for epoch in range(1, (epochs or MAX_EPOCHS) + 1):
        model.train()
        for rows in torch.split(torch.randperm(len(wanted)), BATCH):
            optimiser.zero_grad()
            loss: Any = torch.nn.functional.mse_loss(model(batch.rows(rows)), wanted[rows])
            loss.backward()
            optimiser.step()
        error = -epoch if held is None else float(np.mean((_run(model, held[0]) - held[1]) ** 2))
        if error < best_error:
            best, best_error, best_epoch = _state(model), error, epoch
        elif epoch - best_epoch >= PATIENCE:
            break
    return Fitted(best, best_epoch)


def run_network(tensors: dict[str, Floats], batch: Any) -> Floats:
    """Standardised predictions (n,) of a network that `fit_network` returned."""
    import torch

    from .mmra import Mmra

    with torch.device("meta"):
        model = Mmra(_config(batch))
    model.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()}, assign=True)
    return _run(model, batch)


def _run(model: Any, batch: Any) -> Floats:
    import torch

    model.eval()
    with torch.inference_mode():
        return np.asarray(model(batch).numpy(), dtype=np.float32)


def _state(model: Any) -> dict[str, Floats]:
    return {name: value.half().float().numpy().copy() for name, value in model.state_dict().items()}


def shipped_bank(clusters: Clusters, labels: Floats) -> Bank:
    """The prototypes with labels rounded as they are stored."""
    bank = prototypes(clusters, labels)
    return Bank(half(bank.vectors), half(bank.labels))
