"""The report as one page that needs no other file and no network: figures, styles and small clips are inside."""

import base64
import hashlib
from importlib import resources

from .parts import Section
from .samples import samples
from .study import Study

FOLD = 40  # rows from which a table is folded up


def page(
    title: str,
    summary: list[str],
    sections: list[Section],
    pictures: dict[str, tuple[bytes, bytes]],
    study: Study,
) -> str:
    """The HTML; `pictures` holds each figure as SVG for a light and for a dark page."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    made, clips = samples(study)
    style, script = _own("page.css"), _own("page.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_own("page.html")).render(
        title=title,
        summary=summary,
        sections=sections,
        pictures={key: [_inline(picture) for picture in both] for key, both in pictures.items()},
        samples=made,
        clips=clips,
        categories=study.categories(),
        types=study.types(),
        style=Markup(style),  # noqa: S704 - our own files
        script=Markup(script),  # noqa: S704
        style_hash=_digest(style),
        script_hash=_digest(script),
        fold=FOLD,
    )


def _own(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _inline(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
