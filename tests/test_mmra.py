"""MMRA against a slow, literal NumPy version of its equations, and what a training of it must and must not do."""

from typing import Any

import numpy as np
import pytest
import torch

from popcorn_agents.tools.popularity.bank import MEMBERS, Bank, cluster, labels_without_own, prototypes
from popcorn_agents.tools.popularity.mmra import Batch, Mmra, MmraConfig, aggregate
from popcorn_agents.tools.popularity.network import batch_from_bank, fit_network, run_network

Array = np.ndarray[Any, Any]
TINY = {"text_dim": 6, "visual_dim": 6, "d": 6, "hidden": (5, 4)}


def softmax(values: Array) -> Array:
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def linear(w: dict[str, Array], name: str, x: Array) -> Array:
    return x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", 0)


def attend(w: dict[str, Array], side: str, v: Array, t: Array, config: MmraConfig) -> tuple[Array, Array]:
    """One video: frames v (F, d) and title t (1, d); equation by equation, a loop over the rows."""
    name = f"{side}.attend"
    s = np.empty((len(v), len(t)))
    for i in range(len(v)):
        for j in range(len(t)):
            left = np.tanh(linear(w, f"{name}.score_visual", v[i]))
            s[i, j] = left @ np.tanh(linear(w, f"{name}.score_text", t[j])) / config.d
    sign = 1.0 if config.negative == "factor" else -1.0
    visual, text = [], []
    for i in range(len(v)):
        both = np.concatenate([softmax(s[i]) @ t, -config.alpha * softmax(sign * s[i]) @ t])
        context = np.tanh(linear(w, f"{name}.join_visual", both))
        visual.append(np.tanh(linear(w, f"{name}.fuse_visual", np.concatenate([context, v[i]]))))
    for j in range(len(t)):
        both = np.concatenate([softmax(s[:, j]) @ v, -config.alpha * softmax(sign * s[:, j]) @ v])
        context = np.tanh(linear(w, f"{name}.join_text", both))
        text.append(np.tanh(linear(w, f"{name}.fuse_text", np.concatenate([context, t[j]]))))
    return np.array(visual), np.array(text)


def pool(w: dict[str, Array], name: str, rows: Array) -> Array:
    scores = linear(w, f"{name}.score", np.tanh(linear(w, f"{name}.hidden", rows)))[:, 0]
    return softmax(scores) @ rows


def head(w: dict[str, Array], blocks: list[Array]) -> float:
    x = np.concatenate(blocks)
    x = np.maximum(linear(w, "head.1", x), 0)
    x = np.maximum(linear(w, "head.4", x), 0)
    return float(linear(w, "head.6", x)[0])


def literal(w: dict[str, Array], config: MmraConfig, t: Array, near: dict[str, Array], v: Array | None) -> float:
    """One video: title t (d,), frames v (F, d) or None, and its K retrieved ones."""
    weights = softmax(config.sharpness * near["similarity"])
    t_bar = sum(weights[k] * near["text"][k] for k in range(len(weights)))
    l_bar = sum(weights[k] * near["labels"][k] for k in range(len(weights)))
    label = np.maximum(linear(w, "label", np.array([l_bar])), 0)
    if v is None:
        own = np.tanh(linear(w, "item.project", t))
        other = np.tanh(linear(w, "retrieved.project", t_bar))
        return head(w, [own, other, own * other, own * label])
    v_bar = sum(weights[k] * near["visual"][k] for k in range(len(weights)))
    v_f, t_f = attend(w, "item", v, t[None], config)
    v_r, t_r = attend(w, "retrieved", v_bar, t_bar[None], config)
    ts, vs = pool(w, "item.pool_text", t_f), pool(w, "item.pool_visual", v_f)
    tr, vr = pool(w, "retrieved.pool_text", t_r), pool(w, "retrieved.pool_visual", v_r)
    return head(w, [ts, vs, tr, vr, ts * tr, ts * vr, vs * tr, vs * vr, ts * label, vs * label])


@pytest.mark.parametrize("negative", ["factor", "mismatch"])
@pytest.mark.parametrize(("frames", "retrieved"), [(0, 3), (4, 3), (1, 1)])
def test_the_model_is_the_equations(frames: int, retrieved: int, negative: Any) -> None:
    config = MmraConfig(**TINY, frames=frames, retrieved=retrieved, negative=negative, sharpness=2.0)
    torch.manual_seed(0)
    model = Mmra(config).double().eval()
    w = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    draw = np.random.default_rng(1)
    text, near_text = draw.normal(size=(5, 6)), draw.normal(size=(5, retrieved, 6))
    visual, near_visual = draw.normal(size=(5, frames, 6)), draw.normal(size=(5, retrieved, frames, 6))
    similarity, labels = draw.normal(size=(5, retrieved)), draw.normal(size=(5, retrieved))
    near = [aggregate(torch.tensor(similarity), torch.tensor(x), 2.0) for x in (near_text, labels, near_visual)]
    pictures = (torch.tensor(visual), near[2]) if frames else (None, None)
    found = model(Batch(torch.tensor(text), near[0], near[1], *pictures)).detach().numpy()
    for i in range(5):
        others = {"similarity": similarity[i], "text": near_text[i], "labels": labels[i], "visual": near_visual[i]}
        assert found[i] == pytest.approx(literal(w, config, text[i], others, visual[i] if frames else None), abs=1e-9)


def test_the_two_negative_attentions_differ_only_where_there_is_a_choice() -> None:
    torch.manual_seed(0)
    published, mismatch = (Mmra(MmraConfig(**TINY, frames=3, negative=kind)) for kind in ("factor", "mismatch"))
    mismatch.load_state_dict(published.state_dict())
    draw = torch.randn
    batch = Batch(draw(2, 6), draw(2, 6), draw(2), draw(2, 3, 6), draw(2, 3, 6))
    assert not torch.allclose(published(batch), mismatch(batch))


def test_text_alone_has_no_visual_weights_and_frames_are_asked_for() -> None:
    alone = Mmra(MmraConfig(**TINY))
    assert not [name for name, _ in alone.named_parameters() if "visual" in name or "attend" in name]
    both = Mmra(MmraConfig(**TINY, frames=2))
    with pytest.raises(ValueError, match="2 frames"):
        both(Batch(torch.zeros(1, 6), torch.zeros(1, 6), torch.zeros(1)))


def test_a_config_survives_its_record() -> None:
    config = MmraConfig(frames=10, d=64, hidden=(32, 8))
    assert MmraConfig.from_json(config.to_json()) == config


def test_other_widths_are_projected() -> None:
    model = Mmra(MmraConfig(text_dim=6, visual_dim=9, d=4, frames=2, hidden=(5, 4)))
    batch = Batch(torch.randn(3, 6), torch.randn(3, 6), torch.randn(3), torch.randn(3, 2, 9), torch.randn(3, 2, 9))
    assert model(batch).shape == (3,)


def unit_rows(count: int, seed: int = 0) -> Array:
    rows = np.random.default_rng(seed).normal(size=(count, 384)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_video_never_retrieves_itself_not_even_beside_its_exact_copy() -> None:
    vectors = unit_rows(30)
    vectors[1] = vectors[0]
    bank = Bank(vectors, np.arange(30, dtype=np.float32))
    own = np.arange(30)
    similarity, rows = bank.nearest(vectors, 29, own)
    assert rows.shape == (30, 29)
    assert not (rows == own[:, None]).any()
    assert (rows[0, 0], similarity[0, 0]) == (1, pytest.approx(1.0, abs=1e-5))
    assert bank.nearest(vectors, 500)[1].shape == (30, 30)


def test_prototypes_are_means_of_many_and_their_labels_are_smoothed() -> None:
    vectors = np.repeat(unit_rows(4), [40, 40, 40, 3], axis=0) + 0.01 * unit_rows(123, 1)
    labels = np.repeat(np.array([1, 2, 3, 9], dtype=np.float32), [40, 40, 40, 3])
    clusters = cluster(vectors, 4, seed=0)
    bank = prototypes(clusters, labels)
    sizes = np.bincount(clusters.member_of[clusters.member_of >= 0])
    assert sizes.min() >= MEMBERS
    for i in range(len(bank.labels)):
        own = labels[clusters.member_of == i]
        assert bank.labels[i] == pytest.approx((own.sum() + 5 * labels.mean()) / (len(own) + 5), rel=1e-5)
    rows = np.tile(np.arange(len(bank.labels)), (123, 1))
    without = labels_without_own(clusters, labels, rows)
    own = clusters.member_of[0]
    rest = labels[(clusters.member_of == own) & (np.arange(123) != 0)]
    assert without[0, own] == pytest.approx((rest.sum() + 5 * labels.mean()) / (len(rest) + 5), rel=1e-5)
    assert without[0, own - 1] == pytest.approx(bank.labels[own - 1], rel=1e-5)


def test_a_network_learns_from_its_neighbours_and_repeats_itself() -> None:
    centres = unit_rows(8)
    kind = np.random.default_rng(2).integers(0, 8, 400)
    vectors = centres[kind] + 0.3 * unit_rows(400, 3)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    labels = (kind + np.random.default_rng(4).normal(size=400)).astype(np.float32)
    scale = (float(labels[:300].mean()), float(labels[:300].std()))
    targets = (labels - scale[0]) / scale[1]
    bank = Bank(vectors[:300], labels[:300])
    batch = batch_from_bank(bank, vectors[:300], scale, own=np.arange(300))
    held = batch_from_bank(bank, vectors[300:], scale)
    fits = [fit_network(batch, targets[:300], seed=1, held=(held, targets[300:])) for _ in range(2)]
    guesses = run_network(fits[0].tensors, held)
    assert np.mean((guesses - targets[300:]) ** 2) < 0.4 * targets[300:].var()
    assert all(np.array_equal(fits[0].tensors[name], fits[1].tensors[name]) for name in fits[0].tensors)
    assert len(fit_network(batch, targets[:300], seed=2, epochs=2).tensors) == len(fits[0].tensors)
