"""What an item is recognised by when a run is resumed: 16 bytes that depend on its content alone.

It is a digest of the item's pickle, made independent of what pickles have beside content: which equal parts are one
object, and the order inside sets. An integer of 64 bits is its own key. That costs 0.05 µs for an integer, 1 µs for a
text or a small tuple, and 10 µs for a path or a small object, of the feeder's time.

Recognising the same item wrongly as another one costs its result; the other way round cannot happen but by a collision
of 128-bit digests.
"""

import math
import pickle
import struct
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

KEY_SIZE = 16
NO_KEY = bytes(KEY_SIZE)
"""Of an item that has no stable one: it cannot be pickled, or not twice alike."""

_PROTOCOL = 5
"""Fixed, since another Python may resume the run."""
_MOST_UNSHARED = 1 << 20
"""Bytes that are written with shared parts repeated: the repetitions may be without end."""
_SET_OPCODES = (pickle.EMPTY_SET, pickle.FROZENSET)
_SCALARS = frozenset({bool, float, str, bytes, type(None)})
_PRINTED_EXACTLY = _SCALARS | {int}
"""A flat tuple of these is digested by its repr, which takes a third of the time."""
_INTEGER = 0x72656765746E69
"""Stands before an integer, where a digest has 64 random bits."""
_integer_key = struct.Struct("=qq").pack


def keys_of(items: Sequence[Any]) -> bytes:
    """The keys of the items, end to end."""
    if set(map(type, items)) == {int}:
        try:
            return _integer_keys(array("q", items))
        except OverflowError:
            pass
    return b"".join(map(key_of, items))


def split(keys: bytes) -> Iterator[bytes]:
    """The single keys."""
    return (keys[at : at + KEY_SIZE] for at in range(0, len(keys), KEY_SIZE))


def key_of(item: Any) -> bytes:
    """The item's key, or NO_KEY. Calls what the item's types define for pickling, which may raise anything."""
    kind = type(item)
    try:
        if kind is int and -(1 << 63) <= item < 1 << 63:
            return _integer_key(_INTEGER, item)
        if kind is int or kind in _SCALARS:
            return blake2b(pickle.dumps(item, _PROTOCOL), digest_size=KEY_SIZE).digest()
        if kind is tuple and _PRINTED_EXACTLY.issuperset(map(type, item)):
            return blake2b(repr(item).encode(), digest_size=KEY_SIZE).digest()
        return _content_key(item)
    except BaseException:  # SystemExit of a __reduce__, too: the item is at fault, not the source
        return NO_KEY


def _integer_keys(numbers: "array[int]") -> bytes:
    keys = array("q", [_INTEGER, 0]) * len(numbers)
    keys[1::2] = numbers
    return keys.tobytes()


def _content_key(item: Any) -> bytes:
    try:
        return _stable_digest(item, shared_once=False)
    except Exception:  # what holds itself, or more than can be written out: how parts are shared must count
        return _stable_digest(item, shared_once=True)


def _stable_digest(item: Any, *, shared_once: bool) -> bytes:
    first = _Pickler(item, shared_once)
    kind = _SetPickler if first.sink.may_have_sets else _Pickler
    if kind is _SetPickler:
        first = kind(item, shared_once)
    digest = first.sink.digest()
    if first.user_code and kind(item, shared_once).sink.digest() != digest:
        raise pickle.PicklingError("it is pickled differently each time")
    return digest


class _Sink:
    """A file that keeps nothing but the digest."""

    def __init__(self, most: float) -> None:
        self._left = most
        self._hash = blake2b(digest_size=KEY_SIZE)
        self.digest = self._hash.digest
        self.may_have_sets = False

    def write(self, data: Any) -> int:
        """Takes bytes, and large buffers as they are."""
        self._hash.update(data)
        size = memoryview(data).nbytes
        self._left -= size
        if self._left < 0:
            raise OverflowError("too much is repeated")
        if isinstance(data, bytes) and not self.may_have_sets:
            self.may_have_sets = any(opcode in data for opcode in _SET_OPCODES)
        return size


class _Pickler(pickle.Pickler):
    """Pickles one item; `user_code` is whether it has met more than plain data.

    Unless `shared_once`, parts are written out wherever they occur.
    """

    def __init__(self, item: Any, shared_once: bool) -> None:
        self.sink = _Sink(math.inf if shared_once else _MOST_UNSHARED)
        super().__init__(self.sink, _PROTOCOL)
        self.fast = not shared_once
        self.user_code = False
        self.dump(item)

    def reducer_override(self, _: Any) -> Any:
        self.user_code = True
        return NotImplemented


class _SetPickler(_Pickler):
    """Writes sets in an order of its own; theirs may depend on where in memory their elements are."""

    def persistent_id(self, part: Any) -> Any:
        if type(part) not in (set, frozenset):
            return None
        return type(part).__name__, sorted(map(_element_key, part))


def _element_key(element: Any) -> bytes:
    key = key_of(element)
    if key == NO_KEY:
        raise pickle.PicklingError("an element has no stable key")
    return key
