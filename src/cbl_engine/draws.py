"""Keyed randomness: a draw is a function of its keys, never of the order of calls.

``draw(seed, *keys)`` mixes integer keys with splitmix64's finaliser, one round per key, starting
from the seed. Equal keys give equal draws whatever the batch, the row order or the worker count.
For a fixed prefix of keys the last round is a bijection of the last key, so distinct last keys
give distinct draws: a lottery over distinct households has no ties.

Test vectors are in ``tests/draws``; they are part of the contract and never change.

References:
    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_GAMMA, _MIX_1, _MIX_2 = np.uint64(_STEP), np.uint64(_FIRST), np.uint64(_SECOND)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_MASK = 0xFFFFFFFFFFFFFFFF


_CHUNK = 1 << 14
"""Words mixed at a time where there are many: they stay in the cache from step to step."""


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix words where they stand, in an array that nobody else has."""
    flat = z.reshape(-1)
    for start in range(0, len(flat), _CHUNK):
        part = flat[start : start + _CHUNK]
        moved = part >> _30
        part ^= moved
        part *= _MIX_1
        np.right_shift(part, _27, moved)
        part ^= moved
        part *= _MIX_2
        np.right_shift(part, _31, moved)
        part ^= moved
    return z


def _mix_one(z: int) -> int:
    """The same of one word: many keys are single numbers, and numpy is slow with those."""
    z = (z ^ (z >> 30)) * _FIRST & _MASK
    z = (z ^ (z >> 27)) * _SECOND & _MASK
    return z ^ (z >> 31)


def draw(seed: int, *keys: ArrayLike) -> NDArray[np.uint64]:
    """Uniform 64-bit draws for the given keys.

    Args:
        seed: any integer; taken modulo 2**64.
        keys: integers or arrays of integers that broadcast together, taken modulo 2**64.

    Returns:
        uint64 array of the broadcast shape (at least one-dimensional). Without keys it is the seed.

    Raises:
        TypeError: the seed or a key is not a whole number.
    """
    word, rest = index(seed) & _MASK, list(keys)
    while rest and isinstance(key := rest[0], (int, np.integer)):
        word = _mix_one(word ^ _one_word(key))
        del rest[0]
    state = np.asarray([word], dtype=np.uint64)
    for key in rest:
        if isinstance(key, (int, np.integer)):
            state ^= np.uint64(_one_word(key))
        else:
            words = _words(key)
            alone = state.size == 1 and state.ndim <= words.ndim
            state = np.bitwise_xor(words, state, out=words if alone else None)
        _mix(state)
    return state


def _one_word(key: int | np.integer) -> int:
    return _mix_one((index(key) + _STEP) & _MASK)


def _words(keys: ArrayLike) -> NDArray[np.uint64]:
    """A mixed word for each integer modulo 2**64, also those that numpy has no integer type for."""
    array = np.asarray(keys)
    if array.dtype.kind not in "iub":
        # A list of negative and very large integers together would otherwise be rounded to floats.
        exact = np.asarray(keys, dtype=object)
        words = [index(k) & _MASK for k in exact.ravel()]
        array = np.asarray(words, np.uint64).reshape(exact.shape)
    words = np.atleast_1d(array).astype(np.uint64)
    words += _GAMMA
    return _mix(words)


def uniform(seed: int, *keys: ArrayLike) -> NDArray[np.float64]:
    """Draws in [0, 1): the top 53 bits of :func:`draw`."""
    return (draw(seed, *keys) >> np.uint64(11)).astype(np.float64) * (1.0 / (1 << 53))


def stable_hash(ids: Iterable[str | int]) -> NDArray[np.uint64]:
    """A 64-bit hash of each id that is the same on every machine and in every version.

    The first eight bytes (big-endian) of BLAKE2b of the id's UTF-8 text.

    Args:
        ids: strings, or integers (hashed as their decimal text).

    Returns:
        uint64 array, one per id.
    """
    from hashlib import blake2b

    digests = b"".join(blake2b(str(i).encode(), digest_size=8).digest() for i in ids)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)
