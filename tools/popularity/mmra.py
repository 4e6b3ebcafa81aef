"""MMRA, multi-modal retrieval augmentation for popularity (SIGIR 2024, doi 10.1145/3626772.3657929), as one small file.

Shapes: B videos, F frames, K retrieved videos, d the width of the model. A video is its title vector (text_dim) and,
unless `frames` is 0, F frame vectors (visual_dim); its retrieved videos come with cosine similarities and labels.
With `frames` 0 the model is MMRA on text alone: what compares two modalities is absent, not fed with zeros, and of the
ten interaction blocks the four without a picture remain.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class MmraConfig:
    """Everything needed to build the model again; published: d = 768, frames = 10, retrieved = 10, hidden (800,
    200)."""

    text_dim: int = 384
    visual_dim: int = 768
    d: int = 384
    frames: int = 0  # 0: text alone
    retrieved: int = 10
    hidden: tuple[int, int] = (800, 200)
    sharpness: float = 1.0  # of the retrieval weights softmax(sharpness * similarity); published: 1
    negative: Literal["factor", "mismatch"] = "factor"
    alpha: float = 0.6  # weight of the negative attention
    dropout: float = 0.0  # before the head; the published model has none

    def to_json(self) -> dict[str, Any]:
        """A record from which `from_json` builds an equal config."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "MmraConfig":
        """Raises TypeError for a record of another version."""
        return cls(**{**record, "hidden": tuple(record["hidden"])})


class Batch(NamedTuple):
    """Inputs of the model: a video and the aggregate of its retrieved ones. The pictures are None for text alone.

    The aggregate has no weights to learn, so it is computed once and not at every step of the training.
    """

    text: Tensor  # (B, text_dim)
    near_text: Tensor  # (B, text_dim)
    near_label: Tensor  # (B,), log2 comments, standardised by the training labels
    visual: Tensor | None = None  # (B, F, visual_dim)
    near_visual: Tensor | None = None  # (B, F, visual_dim)

    def rows(self, index: Tensor) -> "Batch":
        """The videos of an index tensor."""
        visual, near_visual = (None if part is None else part[index] for part in (self.visual, self.near_visual))
        return Batch(self.text[index], self.near_text[index], self.near_label[index], visual, near_visual)


def aggregate(similarity: Tensor, values: Tensor, sharpness: float = 1.0) -> Tensor:
    """Mean of the retrieved videos' values (B, K, ...), weighted by softmax(sharpness * similarity) (B, K): (B,
    ...)."""
    weights = (sharpness * similarity).softmax(dim=1)
    return torch.einsum("bk,bk...->b...", weights, values)


class BiModalAttention(nn.Module):
    """Each modality looks at what matches it and at what does not, in the other one."""

    def __init__(self, config: MmraConfig) -> None:
        super().__init__()
        d = config.d
        self.config = config
        self.score_visual, self.score_text = nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
        self.join_visual, self.join_text = nn.Linear(2 * d, d), nn.Linear(2 * d, d)
        self.fuse_visual, self.fuse_text = nn.Linear(2 * d, d), nn.Linear(2 * d, d)

    def forward(self, visual: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """Visual (B, F, d) and text (B, 1, d) to attended visual (B, F, d) and text (B, 1, d)."""
        s = torch.tanh(self.score_visual(visual)) @ torch.tanh(self.score_text(text)).mT / self.config.d  # (B, F, 1)
        seen_by_visual = torch.cat([s.softmax(-1) @ text, self.negative(s) @ text], dim=-1)  # (B, F, 2d)
        seen_by_text = torch.cat([s.mT.softmax(-1) @ visual, self.negative(s.mT) @ visual], dim=-1)  # (B, 1, 2d)
        visual_context = torch.tanh(self.join_visual(seen_by_visual))
        text_context = torch.tanh(self.join_text(seen_by_text))
        return (
            torch.tanh(self.fuse_visual(torch.cat([visual_context, visual], dim=-1))),
            torch.tanh(self.fuse_text(torch.cat([text_context, text], dim=-1))),
        )

    def negative(self, s: Tensor) -> Tensor:
        """As published, the positive attention times -alpha; or attention to mismatch, softmax(-S) times -alpha."""
        return -self.config.alpha * (s if self.config.negative == "factor" else -s).softmax(-1)


class Pool(nn.Module):
    """Uni-modal attention: (B, n, d) to (B, d)."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.hidden, self.score = nn.Linear(d, d), nn.Linear(d, 1, bias=False)

    def forward(self, rows: Tensor) -> Tensor:
        weights = self.score(torch.tanh(self.hidden(rows))).softmax(dim=1)  # (B, n, 1)
        pooled: Tensor = (weights * rows).sum(dim=1)
        return pooled


class MultiModalEncoder(nn.Module):
    """Attention between and within the modalities; the item and its retrieved aggregate have one each."""

    def __init__(self, config: MmraConfig) -> None:
        super().__init__()
        self.attend = BiModalAttention(config)
        self.pool_visual, self.pool_text = Pool(config.d), Pool(config.d)

    def forward(self, text: Tensor, visual: Tensor) -> list[Tensor]:
        """Text (B, d) and visual (B, F, d) to [T*, V*], each (B, d)."""
        attended_visual, attended_text = self.attend(visual, text[:, None])
        return [self.pool_text(attended_text), self.pool_visual(attended_visual)]


class TextEncoder(nn.Module):
    """Text alone: the projection with tanh that is left when there is no other modality to attend to."""

    def __init__(self, config: MmraConfig) -> None:
        super().__init__()
        self.project = nn.Linear(config.d, config.d)

    def forward(self, text: Tensor) -> list[Tensor]:
        """Text (B, d) to [T*], (B, d)."""
        return [torch.tanh(self.project(text))]


class Mmra(nn.Module):
    """Predicts log2 comments, (B,), standardised by the training labels."""

    def __init__(self, config: MmraConfig) -> None:
        super().__init__()
        self.config = config
        d, (wide, narrow) = config.d, config.hidden
        encoder = MultiModalEncoder if config.frames else TextEncoder
        self.item, self.retrieved = encoder(config), encoder(config)
        self.widen_text = nn.Identity() if config.text_dim == d else nn.Linear(config.text_dim, d)
        if config.frames:
            self.widen_visual = nn.Identity() if config.visual_dim == d else nn.Linear(config.visual_dim, d)
        self.label = nn.Linear(1, d)
        blocks = 10 if config.frames else 4
        self.head = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(blocks * d, wide),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(wide, narrow),
            nn.ReLU(),
            nn.Linear(narrow, 1),
        )

    def forward(self, batch: Batch) -> Tensor:
        inputs, bank = [self.widen_text(batch.text)], [self.widen_text(batch.near_text)]
        if self.config.frames:
            if batch.visual is None or batch.near_visual is None:
                raise ValueError(f"this model reads {self.config.frames} frames a video, and the batch has none")
            inputs.append(self.widen_visual(batch.visual))
            bank.append(self.widen_visual(batch.near_visual))
        own, others = self.item(*inputs), self.retrieved(*bank)
        label = torch.relu(self.label(batch.near_label[:, None]))  # (B, d)
        prediction: Tensor = self.head(torch.cat(interactions(own, others, label), dim=1))
        return prediction.squeeze(1)


def interactions(own: list[Tensor], others: list[Tensor], label: Tensor) -> list[Tensor]:
    """T*, V*, T*_r, V*_r, every product of an own and a retrieved vector, T*.L, V*.L: ten blocks, or four of text."""
    products = [mine * theirs for mine in own for theirs in others]
    return [*own, *others, *products, *(mine * label for mine in own)]
