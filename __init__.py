"""popcorn-agents: from a query to a scored micro-video."""
