"""Print docs/results.md from the report of an evaluation: `python docs/results.py DIR > docs/results.md`."""

import re
import shutil
import sys
from pathlib import Path

HEAD = """# Results on the embedded parts

```sh
popcorn-agents evaluate offline-200 --out results
popcorn-agents report results
```

{measured}

The language model is the packaged one (135 million parameters) and the exemplars are the bundled ones, whose popularity
the loop's critic has estimated. So these figures say how the method behaves with these parts; they say nothing about
other language models. The exemplars' estimates favour the critic, which is one more reason to look at the **judge**:
another family, trained on other videos, never used in the loop. What follows is the report as it was written.

"""
KEPT = ("fig3-distribution", "t3-enhancement", "loop", "t7")
"""Figures that are copied beside the page; the others are left out."""


def page(folder: Path, measured: str) -> str:
    """The report without its title, its links to tables, and the figures that are not kept."""
    body = (folder / "report.md").read_text("utf-8").partition("\n")[2]
    body = re.sub(r" ?\(\[CSV\]\([^)]*\)\)", "", body)
    docs = Path(__file__).parent
    (docs / "results").mkdir(exist_ok=True)

    def figure(match: re.Match[str]) -> str:
        path = folder / match[2]
        if not path.stem.startswith(KEPT):
            return ""
        shutil.copyfile(path, docs / "results" / path.name)
        return f"![{match[1]}](results/{path.name})"

    body = re.sub(r"!\[([^\]]*)\]\(([^)]*)\)", figure, body)
    return HEAD.format(measured=measured) + body.strip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1]), sys.argv[2]))
