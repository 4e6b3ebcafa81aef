"""The simple parts beside the networks, and one way to fit and to ask every part of a predictor.

A part is a pair of functions: `fit` gives its tensors, `score` gives log2 comments from them. Tensors are rounded to
half precision when they are fitted, so that what is measured is what will be read back.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from .bank import Bank, Clusters, Indices, cluster, means, weighted
from .features import Floats, half, inverse_frequencies, squared_distances, tfidf_rows, topic_rows
from .reading import Reading

T = TypeVar("T")
Tensors = dict[str, Any]  # float32 arrays; the filter of copies holds bytes
CHOICES: dict[str, tuple[float, ...]] = {
    "words": (1.0, 2.0, 4.0, 8.0),
    "topics": (0.1, 0.3, 1.0, 3.0),
    "characters": (1.0, 2.0, 4.0, 8.0),
    "vectors": (1.0, 3.0, 10.0, 30.0),
}
"""Ridge penalties tried; the one with the smallest squared error on the held-out rows is kept."""

TOPICS = 512
NEIGHBOURS = 50
MEMBERS_OF = {"mmra": 1, "mmra_bank": 2}  # networks averaged, each from another seed
PARTS_OF: dict[str, dict[str, tuple[str, ...]]] = {
    "critic": {
        "alone": ("words", "topics", "mmra"),
        "bank": (
            "words",
            "topics",
            "mmra",
            "mmra_bank",
            "neighbours_words",
            "neighbours_characters",
            "neighbours_vectors",
        ),
    },
    "frames": {"frames": ("words", "topics", "mmra_frames")},
    "judge": {"alone": ("characters", "vectors")},
}
"""Which parts a family stacks: `alone` reads what is shipped, `bank` looks up the user's own single videos as well.
`frames` is what a critic that was trained on clips stacks for a title with its clip."""


class Fit(NamedTuple):
    """What a fit may use: titles, labels (n,), their clusters, the seed, and what was chosen on held-out rows."""

    reading: Reading
    labels: Floats
    clusters: dict[str, Clusters]
    seed: int
    chosen: dict[str, float]
    members: Mapping[str, int] = MEMBERS_OF
    held: tuple[Reading, Floats] | None = None

    def base(self) -> Tensors:
        """What every predictor holds: the topic centres, by which it knows what it never saw."""
        return {"centres": self.clusters["topics"].centres}

    def take(self, rows: Indices) -> "Fit":
        """The same on some of the titles, each network once and for as many epochs as were chosen."""
        clusters = {name: Clusters(c.centres, c.member_of[rows]) for name, c in self.clusters.items()}
        return self._replace(
            reading=self.reading.take(rows), labels=self.labels[rows], clusters=clusters, members={}, held=None
        )


def clusters_of(reading: Reading, seed: int) -> dict[str, Clusters]:
    """Topics for the ridge and prototypes for the networks; prototypes of scenes where there are captions."""
    from .bank import PROTOTYPES

    found = {
        name: cluster(reading.vectors, count, seed) for name, count in (("topics", TOPICS), ("prototypes", PROTOTYPES))
    }
    return found if reading.scenes is None else found | {"scenes": cluster(reading.scenes, PROTOTYPES, seed)}


def given(value: T | None) -> T:
    """The value; raises ValueError where a part was asked without the bank or the held-out rows that it needs."""
    if value is None:
        raise ValueError("this part needs a bank, or this choice held-out rows, and was given none")
    return value


def ridge(rows: Any, labels: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Weights (features,) and intercept () of a ridge regression."""
    from sklearn.linear_model import Ridge

    sparse = not isinstance(rows, np.ndarray)
    model = Ridge(alpha=penalty, solver="sparse_cg" if sparse else "cholesky", tol=1e-4).fit(rows, labels)
    return half(model.coef_), np.asarray(model.intercept_, dtype=np.float32)


def _fit_linear(name: str, rows: Any, fit: Fit, extra: Tensors) -> Tensors:
    weights, bias = ridge(rows, fit.labels, fit.chosen[name])
    return {f"{name}.weights": weights, f"{name}.bias": bias, **extra}


def _fit_words(fit: Fit) -> Tensors:
    idf = inverse_frequencies(fit.reading.words)
    return _fit_linear("words", tfidf_rows(fit.reading.words, idf), fit, {"words.idf": idf})


def _fit_characters(fit: Fit) -> Tensors:
    idf = inverse_frequencies(fit.reading.characters)
    return _fit_linear("characters", tfidf_rows(fit.reading.characters, idf), fit, {"characters.idf": idf})


def _fit_topics(fit: Fit) -> Tensors:
    rows = topic_rows(squared_distances(fit.reading.vectors, fit.clusters["topics"].centres))
    return _fit_linear("topics", rows, fit, {})


def _fit_vectors(fit: Fit) -> Tensors:
    return _fit_linear("vectors", fit.reading.vectors, fit, {})


def _linear(name: str, rows: Any, tensors: Tensors) -> Floats:
    return cast(Floats, np.asarray(rows @ tensors[f"{name}.weights"] + tensors[f"{name}.bias"], dtype=np.float32))


def _score_words(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    return _linear("words", tfidf_rows(reading.words, tensors["words.idf"]), tensors)


def _score_characters(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    return _linear("characters", tfidf_rows(reading.characters, tensors["characters.idf"]), tensors)


def _score_topics(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    return _linear("topics", topic_rows(squared_distances(reading.vectors, tensors["centres"])), tensors)


def _score_vectors(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    return _linear("vectors", reading.vectors, tensors)


def _scale(fit: Fit) -> tuple[float, float]:
    return float(np.float32(fit.labels.mean())), float(np.float32(fit.labels.std()))


def _fit_networks(name: str, fit: Fit, batch: Any, held: Any, extra: Tensors) -> Tensors:
    """Members from successive seeds; the first one chooses the epochs on held-out rows, if there are any."""
    from .network import fit_network

    mean, spread = _scale(fit)
    targets = ((fit.labels - mean) / spread).astype(np.float32)
    watched = None if fit.held is None else (held, ((fit.held[1] - mean) / spread).astype(np.float32))
    tensors = {f"{name}.scale": np.array([mean, spread], dtype=np.float32), **extra}
    for member in range(fit.members.get(name, 1)):
        epochs = int(fit.chosen[name]) if name in fit.chosen else None
        fitted = fit_network(batch, targets, seed=fit.seed + member, epochs=epochs, held=None if epochs else watched)
        fit.chosen.setdefault(name, fitted.epochs)
        tensors |= {f"{name}.{member}.{key}": value for key, value in fitted.tensors.items()}
    return tensors


def _fit_mmra(fit: Fit) -> Tensors:
    from .network import batch_from_prototypes, shipped_bank

    clusters = fit.clusters["prototypes"]
    bank, scale = shipped_bank(clusters, fit.labels), _scale(fit)
    batch = batch_from_prototypes(bank, fit.reading.vectors, scale, (clusters, fit.labels))
    held = None if fit.held is None else batch_from_prototypes(bank, fit.held[0].vectors, scale)
    return _fit_networks("mmra", fit, batch, held, {"mmra.bank": bank.vectors, "mmra.labels": bank.labels})


def _fit_mmra_frames(fit: Fit) -> Tensors:
    from .network import batch_from_prototypes, shipped_bank

    reading, clusters = fit.reading, fit.clusters.get("scenes", fit.clusters["prototypes"])
    plain, scale = shipped_bank(clusters, fit.labels), _scale(fit)
    visual, text = half(means(clusters, given(reading.visual))), half(means(clusters, reading.vectors))
    bank = Bank(plain.vectors, plain.labels, visual=visual, text=text)
    batch = batch_from_prototypes(bank, reading.vectors, scale, (clusters, fit.labels), reading)
    held = None
    if fit.held is not None:
        held = batch_from_prototypes(bank, fit.held[0].vectors, scale, reading=fit.held[0])
    extra = {
        f"mmra_frames.{name}": value
        for name, value in (("bank", bank.vectors), ("labels", bank.labels), ("visual", visual), ("text", text))
    }
    return _fit_networks("mmra_frames", fit, batch, held, extra)


def _fit_mmra_bank(fit: Fit) -> Tensors:
    from .network import batch_from_bank

    bank, scale = Bank(fit.reading.vectors, fit.labels), _scale(fit)
    batch = batch_from_bank(bank, fit.reading.vectors, scale, own=np.arange(len(fit.labels)))
    held = None if fit.held is None else batch_from_bank(bank, fit.held[0].vectors, scale)
    return _fit_networks("mmra_bank", fit, batch, held, {})


def _networks(name: str, tensors: Tensors, batch: Any) -> Floats:
    from .network import run_network

    mean, spread = tensors[f"{name}.scale"]
    members = sorted({key.split(".")[1] for key in tensors if key.startswith(f"{name}.") and key.count(".") > 1})
    guesses = []
    for member in members:
        head = f"{name}.{member}."
        own = {key.removeprefix(head): value for key, value in tensors.items() if key.startswith(head)}
        guesses.append(run_network(own, batch))
    return cast(Floats, np.mean(guesses, axis=0) * spread + mean)


def _score_mmra(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    from .network import batch_from_prototypes

    shipped = Bank(tensors["mmra.bank"], tensors["mmra.labels"])
    mean, spread = (float(value) for value in tensors["mmra.scale"])
    return _networks("mmra", tensors, batch_from_prototypes(shipped, reading.vectors, (mean, spread)))


def _score_mmra_frames(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    from .network import batch_from_prototypes

    name = "mmra_frames"
    vectors, labels, visual, text = (tensors[f"{name}.{part}"] for part in ("bank", "labels", "visual", "text"))
    stored = Bank(vectors, labels, visual=visual, text=text)
    mean, spread = (float(value) for value in tensors[f"{name}.scale"])
    batch = batch_from_prototypes(stored, reading.vectors, (mean, spread), reading=reading)
    return _networks(name, tensors, batch)


def _score_mmra_bank(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    from .network import batch_from_bank

    mean, spread = (float(value) for value in tensors["mmra_bank.scale"])
    return _networks("mmra_bank", tensors, batch_from_bank(given(bank), reading.vectors, (mean, spread), own))


def _score_neighbours_vectors(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    """Mean label of the nearest titles, weighted by exp(10 cosine)."""
    similarity, rows = given(bank).nearest(reading.vectors, NEIGHBOURS, own)
    return weighted(similarity, given(bank).labels[rows])


def _score_neighbours_words(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    """The same by the cosine of hashed words."""
    return _by_counts(given(bank), given(bank).words, reading.words, own)


def _score_neighbours_characters(tensors: Tensors, reading: Reading, bank: Bank | None, own: Indices | None) -> Floats:
    """The same by the cosine of hashed characters."""
    return _by_counts(given(bank), given(bank).characters, reading.characters, own)


def _by_counts(bank: Bank, stored: Any, asked: Any, own: Indices | None) -> Floats:
    idf = inverse_frequencies(stored)
    stored, asked = tfidf_rows(stored, idf).T.tocsr(), tfidf_rows(asked, idf)
    k = min(NEIGHBOURS, len(bank.labels) - 1)
    found = np.empty(asked.shape[0], dtype=np.float32)
    for start in range(0, asked.shape[0], 512):
        similarity = (asked[start : start + 512] @ stored).toarray()
        if own is not None:
            similarity[np.arange(len(similarity)), own[start : start + 512]] = -1
        rows = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        found[start : start + 512] = weighted(np.take_along_axis(similarity, rows, axis=1), bank.labels[rows])
    return found


def _nothing(fit: Fit) -> Tensors:
    return {}


PARTS: dict[str, tuple[Callable[[Fit], Tensors], Callable[[Tensors, Reading, Bank | None, Indices | None], Floats]]] = {
    "words": (_fit_words, _score_words),
    "characters": (_fit_characters, _score_characters),
    "topics": (_fit_topics, _score_topics),
    "vectors": (_fit_vectors, _score_vectors),
    "mmra": (_fit_mmra, _score_mmra),
    "mmra_frames": (_fit_mmra_frames, _score_mmra_frames),
    "mmra_bank": (_fit_mmra_bank, _score_mmra_bank),
    "neighbours_vectors": (_nothing, _score_neighbours_vectors),
    "neighbours_words": (_nothing, _score_neighbours_words),
    "neighbours_characters": (_nothing, _score_neighbours_characters),
}


def score_parts(
    names: Sequence[str], tensors: Tensors, reading: Reading, bank: Bank | None = None, own: Indices | None = None
) -> Floats:
    """log2 comments by each named part, (n, parts); `own` (n,) names the titles' own rows in the bank."""
    return np.stack([PARTS[name][1](tensors, reading, bank, own) for name in names], axis=1)
