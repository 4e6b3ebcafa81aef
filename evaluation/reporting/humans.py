"""The human reference: for each query the video of the user's store whose title is nearest in meaning."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...tools.errors import PopcornError
from .parts import count
from .study import SCORERS, Study

if TYPE_CHECKING:
    from ...tools.exemplars import Store

CANDIDATES = 10  # nearest by title and caption, of which the nearest by title alone is taken


@dataclass(frozen=True, slots=True)
class Reference:
    """log2 comments by query: counted or estimated in the store, and predicted from the human title by each scorer."""

    label: str
    sentence: str
    values: dict[str, dict[str, float]]


def human_reference(study: Study) -> Reference | str:
    """The reference from the store that the systems learn from; where it cannot be had, a sentence that says why."""
    from ...tools.exemplars import open_store
    from ...tools.popularity.predictor import score_titles

    named = _store(study)
    if named is None:
        return "There is no human reference: no system of this evaluation reads an exemplar store."
    try:
        store = open_store(*named)
        texts = [query.text for query in study.queries.values()]
        rows, likeness = _nearest(store, texts)
        records = [store.contents.record(row) for row in rows]
        titles = [record.title for record in records]
        predicted = {
            scorer: [score.log2_comments for score in score_titles(titles, judge=scorer == "judge")]
            for scorer in SCORERS
        }
    except PopcornError as error:
        return f"There is no human reference: {error}"
    measured = store.manifest.origin == "measured"
    counts = [math.log2(max(1.0, record.comment_count)) for record in records]
    label = f"nearest of {store.manifest.source}"
    columns: dict[str, list[float]] = {("comments counted" if measured else "comments estimated, not counted"): counts}
    columns |= {f"predicted by the {scorer} from the title": values for scorer, values in predicted.items()}
    ids = list(study.queries)
    return Reference(
        label,
        f"The human reference is, for each of {count(len(ids), 'query')}, the video of the exemplar store "
        f"({store.manifest.source}, {count(store.manifest.n, 'video')}) whose title is nearest in meaning; median "
        f"cosine of query and title {np.median(likeness):.2f}. "
        + (
            "Its comments were counted."
            if measured
            else "The store holds no counted comments: its counts are estimates of the shipped predictor, and its "
            "titles were written for it, so that this row is no measure of human videos."
        ),
        {name: dict(zip(ids, values, strict=True)) for name, values in columns.items()},
    )


def _store(study: Study) -> tuple[str, str] | None:
    reading = [settings for settings in study.settings.values() if settings.get("mode") != "basic"]
    for settings in reading:
        if settings.get("exemplars"):
            return str(settings["exemplars"]), str(settings["embedding"])
    return None


def _nearest(store: "Store", texts: list[str]) -> tuple[list[int], list[float]]:
    """Row and cosine of the nearest title of each text."""
    from ...tools.embedding import embed

    contents, model = store.contents, store.manifest.embedding
    asked = embed(texts, model)
    near = np.argsort(-(asked @ contents.vectors.T), axis=1)[:, :CANDIDATES]
    wanted = sorted({int(row) for rows in near for row in rows})
    vectors = dict(zip(wanted, embed([contents.record(row).title for row in wanted], model), strict=True))
    rows, likeness = [], []
    for vector, candidates in zip(asked, near, strict=True):
        cosines = [float(vectors[int(row)] @ vector) for row in candidates]
        rows.append(int(candidates[int(np.argmax(cosines))]))
        likeness.append(max(cosines))
    return rows, likeness
