"""What may be asked for."""

import unicodedata

from .errors import InputError

MAX_LENGTH = 500  # characters


def validate_query(text: str) -> str:
    """The query with runs of white space as one space. Emoji, quotes, slashes and any script are fine.

    Raises InputError where it is blank, longer than 500 characters, or holds control characters.
    """
    query = " ".join(text.split())
    if all(unicodedata.category(character) in ("Cf", "Zs") for character in query):
        raise InputError("The query is blank; say in one sentence what the video shall be about.")
    if len(query) > MAX_LENGTH:
        raise InputError(f"The query has {len(query)} characters; say it in at most {MAX_LENGTH}.")
    control = next((c for c in query if unicodedata.category(c) in ("Cc", "Cs")), None)
    if control is not None:
        raise InputError(f"The query holds the control character U+{ord(control):04X}; remove it.")
    return query
