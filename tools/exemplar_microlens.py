"""Exemplars from a MicroLens folder as its site hands it out: files that look like CSV but are not quoted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from .errors import InputError
from .exemplar_records import Record, SourceData, clean_text, parse_count

TITLES = "MicroLens-100k_title_en.csv"
COMMENTS = "MicroLens-100k_comment_en.txt"
LIKES = "MicroLens-100k_likes_and_views.txt"
CAPTIONS = "Microlens100K_captions_en.csv"
CATEGORIES = "tags_to_summary.csv"
FULL_SIZE = 19_738  # videos of MicroLens-100k, the universe of MMRA's split


def is_microlens(folder: Path) -> bool:
    """Whether the folder holds any file of the dataset."""
    return any((folder / name).exists() for name in (TITLES, COMMENTS, LIKES, CAPTIONS))


def read_microlens(folder: Path, partition: str = "test") -> SourceData:
    """Records of a folder with the site's file names; captions, categories, likes and views where their files exist.

    Of the complete dataset only MMRA's test split is kept by default, because the shipped predictor has learnt from the
    others; partition="all" keeps every video, and a part of the dataset is always kept whole. A title may hold commas:
    only the first one separates.
    """
    missing = [name for name in (TITLES, COMMENTS) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"The MicroLens folder {folder} lacks {' and '.join(missing)}; "
            "put the site's files there under their own names."
        )
    titles = {video: _unquoted(title) for video, title in _pairs(folder / TITLES, ",")}
    kept, notes = _partition(titles, partition)
    captions, categories, likes = (
        _optional(folder / name, sep) for name, sep in ((CAPTIONS, "\t"), (CATEGORIES, ","), (LIKES, "\t"))
    )
    comments = _count_comments(folder / COMMENTS)
    records = [
        _record(
            video,
            titles[video],
            comments[video],
            captions.get(video, ""),
            categories.get(video, ""),
            likes.get(video, ""),
        )
        for video in kept
        if clean_text(titles[video])
    ]
    if blank := len(kept) - len(records):
        notes.append(f"{blank} video{'s' if blank > 1 else ''} left out: no title.")
    return SourceData(records, f"MicroLens ({folder.name})", notes=notes)


def mmra_test_split(videos: list[str]) -> list[str]:
    """The test videos of MMRA's 80/10/10 split of the complete dataset, in id order."""
    from sklearn.model_selection import train_test_split

    rest = train_test_split(sorted(videos, key=int), test_size=0.2, random_state=9)[1]
    return sorted(train_test_split(rest, test_size=0.5, random_state=18)[0], key=int)


def _partition(titles: dict[str, str], partition: str) -> tuple[list[str], list[str]]:
    if partition not in ("test", "all"):
        raise InputError(f"There is no partition {partition!r} in MicroLens; use test or all.")
    if partition == "all" or len(titles) != FULL_SIZE:
        return list(titles), []
    return mmra_test_split(list(titles)), [
        "Only the test split is kept: the shipped predictor has learnt from the other videos."
    ]


def _record(video: str, title: str, comments: int, caption: str, category: str, likes_views: str) -> Record:
    likes, _, views = likes_views.partition("\t")
    return Record(
        video_id=video, title=clean_text(title), comment_count=float(comments), caption=clean_text(_unquoted(caption)),
        category=clean_text(_unquoted(category)), likes=_lenient(likes), views=_lenient(views),
    )  # fmt: skip


def _lenient(text: str) -> float | None:
    """Likes and views are shown, never ranked by, and known to be broken in places: an unreadable one is none."""
    try:
        return parse_count(text)
    except ValueError:
        return None


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for line in file:
                yield line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 text; fetch it again from the dataset's site.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _pairs(path: Path, separator: str) -> Iterator[tuple[str, str]]:
    """(video id, the rest of the line); a header is skipped, any other line without an id is refused."""
    for number, line in enumerate(_lines(path), start=1):
        video, found, rest = line.partition(separator)
        if not line.strip():
            continue
        if found and video.strip().isdigit():
            yield video.strip(), rest
        elif number > 1:
            raise InputError(f"{path.name}, line {number}: it does not start with a video id; the file is broken.")


def _optional(path: Path, separator: str) -> dict[str, str]:
    return dict(_pairs(path, separator)) if path.is_file() else {}


def _count_comments(path: Path) -> Counter[str]:
    """Comments of each video: lines of user, video, text. A line of another form goes on with the comment before it."""
    counts: Counter[str] = Counter()
    for line in _lines(path):
        fields = line.split("\t", 2)
        if len(fields) == 3 and fields[1].strip().isdigit():
            counts[fields[1].strip()] += 1
    if not counts:
        raise InputError(
            f"{path.name} holds no line of user, video and text between tabs; the file is empty or broken."
        )
    return counts


def _unquoted(text: str) -> str:
    """The text without the quotes that a CSV writer put around it; quotes that belong to it stay."""
    inner = text.strip()[1:-1]
    quoted = len(text.strip()) > 1 and text.strip()[0] == text.strip()[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if quoted else text
