"""One agent a file: its output model, then its node function."""
