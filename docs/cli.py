"""Print the reference of the command line, made from its own --help; `make docs` writes it to docs/cli.md."""

import contextlib
import io

from popcorn_agents.cli import main

COMMANDS = (
    "",
    "run",
    "resume",
    "runs",
    "doctor",
    "evaluate",
    "report",
    "render",
    "exemplars build",
    "exemplars search",
    "critic train",
    "critic evaluate",
    "critic score",
)


def help_of(command: str) -> str:
    """What `popcorn-agents COMMAND --help` prints, without trailing blanks."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        main([*command.split(), "--help"])
    return "\n".join(line.rstrip() for line in shown.getvalue().strip("\n").splitlines())


print("# Command line\n\nWhat `--help` prints, for every command.")
for name in COMMANDS:
    print(f"\n## popcorn-agents {name}".rstrip() + f"\n\n```text\n{help_of(name)}\n```")
