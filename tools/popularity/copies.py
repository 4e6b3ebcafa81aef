"""Notice a copied title without keeping any: a Bloom filter over hashed runs of words of all training titles.

No title can be read back from it, and a single title leaves no trace of its own. By its size about one run in a
thousand is recognised wrongly, so a single known run means nothing and two in a row are asked for.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


RUN = 5  # words
BITS = 2**21
HASHES = 4


def sketch(texts: Sequence[str]) -> Bytes:
    """The filter over normalised titles, (BITS / 8,)."""
    bits = np.zeros(BITS, dtype=np.uint8)
    for text in texts:
        for run in _runs(text):
            bits[_places(run)] = 1
    return np.packbits(bits)


def copied_words(text: str, filter_: Bytes) -> int:
    """How many words in a row of a normalised title stand so in some training title; 0 below RUN + 1 words in a row.

    A title of fewer words than that counts when the whole of it is known.
    """
    runs = _runs(text)
    known = [_known(run, filter_) for run in runs]
    if len(runs) == 1:
        return len(text.split()) if known[0] else 0
    longest = current = 0
    for one in known:
        current = current + 1 if one else 0
        longest = max(longest, current)
    return longest + RUN - 1 if longest > 1 else 0


def _runs(text: str) -> list[str]:
    words = text.split()
    if len(words) < 3:
        return []  # two words are nobody's own
    whole = [] if len(words) > RUN else ["= " + " ".join(words)]
    return whole or [" ".join(words[i : i + RUN]) for i in range(len(words) - RUN + 1)]


def _places(run: str) -> list[int]:
    digest = blake2b(run.encode(), digest_size=4 * HASHES).digest()
    return [int.from_bytes(digest[4 * i : 4 * i + 4], "little") % BITS for i in range(HASHES)]


def _known(run: str, filter_: Bytes) -> bool:
    return all(int(filter_[place // 8]) >> (7 - place % 8) & 1 for place in _places(run))
