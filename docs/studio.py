"""Print docs/studio.md with its pictures drawn anew from what a running server says of itself.

python docs/studio.py http://127.0.0.1:2024 > studio.md.new && mv studio.md.new docs/studio.md
"""

import re
import sys
from pathlib import Path
from typing import Any

from langgraph_sdk import get_sync_client


def drawing(graph: dict[str, Any]) -> str:
    """The graph as Studio lays it out; dotted arrows are decisions."""
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"    {_id(node['id'])}([{_id(node['id'])}])" for node in graph["nodes"]]
    for edge in graph["edges"]:
        arrow = "-.->" if edge.get("conditional") else "-->"
        lines.append(f"    {_id(edge['source'])} {arrow} {_id(edge['target'])}")
    return "\n".join([*lines, "```"])


def _id(node: str) -> str:
    return {"__start__": "START", "__end__": "END"}.get(node, node)


def form(schema: dict[str, Any]) -> str:
    """The form of an assistant: every knob with its type, default and limits."""
    lines = ["| knob | takes | default | what it does |", "|---|---|---|---|"]
    for name, field in schema["properties"].items():
        kind = next(part for part in field.get("anyOf", [field]) if part.get("type") != "null")
        default = "" if field.get("default") is None else f"`{field['default']}`"
        described = field["description"].replace("<", "&lt;")
        lines.append(f"| `{name}` | {_taken(kind)} | {default} | {described} |")
    return "\n".join(lines)


def _taken(kind: dict[str, Any]) -> str:
    if "enum" in kind:
        return " · ".join(kind["enum"])
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {kind[name]:g}" for name, sign in bounds.items() if name in kind]
    return ", ".join([kind.get("format", kind["type"]), *limits])


def offered(assistants: list[dict[str, Any]]) -> str:
    """The assistants beside the default one, with what they set."""
    lines = ["| assistant | sets |", "|---|---|"]
    for assistant in sorted(assistants, key=lambda one: str(one["name"])):
        knobs = ", ".join(f"`{name}` = {value}" for name, value in assistant["context"].items()) or "nothing"
        lines.append(f"| `{assistant['name']}`: {assistant.get('description') or 'the defaults.'} | {knobs} |")
    return "\n".join(lines)


def main() -> None:
    """Redraw between the marks."""
    client = get_sync_client(url=sys.argv[1])
    assistants = client.assistants.search(graph_id="popcorn")
    schemas = client.assistants.get_schemas(assistants[0]["assistant_id"])
    parts = {
        "graph": drawing(client.assistants.get_graph("popcorn")),
        "assistants": offered(assistants),
        "form": form(schemas["context_schema"]),
    }
    text = (Path(__file__).parent / "studio.md").read_text()
    for name, part in parts.items():
        marked = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        text, drawn = marked.subn(lambda _, part=part: f"{part}\n", text)
        if drawn != 1:
            sys.exit(f"docs/studio.md has lost its marks for {name}.")
    print(text, end="")


if __name__ == "__main__":
    main()
