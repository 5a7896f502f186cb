"""Messages as bytes: MessagePack for sockets, channels and the journal, JSON for people's own programs.

A message holds what user code put into it (labels from file names that are no UTF-8, counters beyond 64 bits, a check
of any type), and must arrive all the same.
"""

import re
from typing import Any

import msgspec

_encoder = msgspec.msgpack.Encoder(enc_hook=repr)
_STEERING = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
"""In UTF-8, what `pooltop/printable.py` lets through to no terminal and JSON does not escape by itself."""


def pack(message: msgspec.Struct) -> bytes:
    """`message` as MessagePack; what that cannot hold is replaced by what comes nearest."""
    try:
        return _encoder.encode(message)
    except (OverflowError, UnicodeEncodeError):
        return _encoder.encode(_tamed(msgspec.to_builtins(message, enc_hook=repr)))


def as_json(value: object) -> bytes:
    """`value` as JSON that can be shown on a terminal; an object of a type that JSON does not have as its repr."""
    try:
        body = msgspec.json.encode(value, enc_hook=repr)
    except UnicodeEncodeError:
        body = msgspec.json.encode(_tamed(msgspec.to_builtins(value, enc_hook=repr)))
    return _STEERING.sub(lambda match: b"\\u%04x" % ord(match[0].decode()), body)


def utf8(text: str) -> str:
    """`text` with lone surrogates (undecodable bytes of a file name) as escapes, so that it can be encoded."""
    return text.encode("utf-8", "backslashreplace").decode()


def _tamed(value: Any) -> Any:
    """Plain data without lone surrogates and without integers over 64 bits."""
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value) if value.bit_length() < 1024 else repr(value)
    if isinstance(value, dict):
        return {_tamed(key): _tamed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tamed(item) for item in value]
    return value
