"""Prompt templates as data: one versioned Markdown file each."""

import re
from importlib import resources
from string import Template

_ROLE = re.compile(r"^# (system|user|example|answer)\s*$", re.MULTILINE)


def render(name: str, **values: object) -> list[tuple[str, str]]:
    """The messages of a template as (role, text), with every $variable filled in.

    Values are put in once and never read as templates, so a `$` in them is only a `$`. Raises KeyError for a variable
    that is not given and FileNotFoundError for an unknown template.
    """
    text = resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    parts = _ROLE.split(text)[1:]  # role, text, role, text, ...
    return [
        (role, Template(body.strip()).substitute(values)) for role, body in zip(parts[::2], parts[1::2], strict=True)
    ]
