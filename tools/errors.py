"""The error tree: every message is one sentence that says what to do."""


class PopcornError(Exception):
    """The run cannot go on; the command line exits with 1."""

    exit_code = 1


class InputError(PopcornError):
    """Bad usage or bad input; the command line exits with 2."""

    exit_code = 2


class Cancelled(PopcornError):
    """Raised inside a blocking tool by its progress callback when the run was interrupted."""

    exit_code = 130
