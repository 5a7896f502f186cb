"""Messages as bytes: MessagePack for sockets, channels and the journal, JSON for people's own programs.

A message holds what user code put into it (labels from file names that are no UTF-8, counters beyond 64 bits, a check
of any type), and must arrive all the same.
"""

from typing import Any

import msgspec

_encoder = msgspec.msgpack.Encoder(enc_hook=repr)


def pack(message: msgspec.Struct) -> bytes:
    """`message` as MessagePack; what that cannot hold is replaced by what comes nearest."""
    try:
        return _encoder.encode(message)
    except (OverflowError, UnicodeEncodeError):
        return _encoder.encode(_tamed(msgspec.to_builtins(message, enc_hook=repr)))


def as_json(value: object) -> bytes:
    """`value` as JSON; an object of a type that JSON does not have as its repr."""
    try:
        return msgspec.json.encode(value, enc_hook=repr)
    except UnicodeEncodeError:
        return msgspec.json.encode(_tamed(msgspec.to_builtins(value, enc_hook=repr)))


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
