"""`python -m popcorn_agents`."""

from .cli import main

main()
