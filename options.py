"""The settings as command-line options, made from the schema of `Context`, so that none is described twice.

The schema is read from its committed copy, context.json: importing `Context` itself would double the time of `--help`.
`make docs` writes the copy, and a test compares it.
"""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object to standard output; all else goes to standard error.")
]

LogFormat = Annotated[
    Literal["text", "json"],
    typer.Option(help="How progress and errors are written to standard error: for people, or one JSON object a line."),
]


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace a command's **flags by options for the named settings (or all), each None when not given."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command)
        own = [parameter for parameter in signature.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
        parameters = own + [_parameter(name, _FIELDS[name]) for name in names or _FIELDS]
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


_FIELDS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "graph" / "context.json").read_text())[
    "properties"
]
_TYPES = {"string": str, "integer": int, "number": float}


def _parameter(name: str, field: dict[str, Any]) -> inspect.Parameter:
    kind = next(part for part in field.get("anyOf", [field]) if part.get("type") != "null")
    default = "" if field.get("default") is None else f"  \\[default: {_shown(field['default'])}]"
    option = typer.Option(
        None, f"--{name.replace('_', '-')}", help=f"{field['description']}{default}", show_default=False
    )
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=_annotation(kind) | None)


def _annotation(kind: dict[str, Any]) -> Any:
    if "enum" in kind:
        return Literal[tuple(kind["enum"])]
    return Path if kind.get("format") == "path" else _TYPES[kind["type"]]


def _shown(default: Any) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)
