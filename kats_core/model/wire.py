"""Encode events, commands and records without loss, inside an envelope that names its version.

The decision log holds bare records (its file names the version once); the tape and everything that leaves the process
holds envelopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Generic, TypeVar

import msgspec

from kats_core.model.command import Command
from kats_core.model.event import Event
from kats_core.model.record import Record

WIRE_VERSION = 1

T = TypeVar("T")


class Envelope(msgspec.Struct, Generic[T], frozen=True):
    """A message and the version of the format it is written in."""

    v: int
    body: T


class WireVersionError(ValueError):
    """The message was written by another version; needs a person to convert or to update."""


def encode_other(value: Any) -> Any:
    """Return the wire form of a value that msgspec does not know."""
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no wire form")


def decode_other(kind: type, value: Any) -> Any:
    """Return the value of a wire form that msgspec does not know."""
    if kind is Fraction:
        return Fraction(value)
    raise TypeError(f"{kind.__name__} has no wire form")


_encoder = msgspec.json.Encoder(enc_hook=encode_other)
_events = msgspec.json.Decoder(Envelope[Event], dec_hook=decode_other)
_commands = msgspec.json.Decoder(Envelope[Command], dec_hook=decode_other)
_records: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record, dec_hook=decode_other)
_version = msgspec.json.Decoder(Envelope[msgspec.Raw])


def encode(message: Event | Command) -> bytes:
    """Return the message in its envelope as JSON."""
    return _encoder.encode(Envelope(WIRE_VERSION, message))


def encode_record(record: Record) -> bytes:
    """Return one line of the decision log, without the newline."""
    return _encoder.encode(record)


def encode_records(records: Sequence[Record]) -> bytes:
    """Return lines of the decision log, each with its newline."""
    return _encoder.encode_lines(records)


def decode_event(data: bytes) -> Event:
    """Return the event of an envelope.

    Raises:
        WireVersionError: another version wrote it.
        msgspec.DecodeError: it is no event.
    """
    _check_version(data)
    return _events.decode(data).body


def decode_command(data: bytes) -> Command:
    """Return the command of an envelope; raises as `decode_event`."""
    _check_version(data)
    return _commands.decode(data).body


def decode_record(line: bytes) -> Record:
    """Return the record of one line of the decision log."""
    return _records.decode(line)


def _check_version(data: bytes) -> None:
    found = _version.decode(data).v
    if found != WIRE_VERSION:
        raise WireVersionError(f"message of version {found}; this program reads version {WIRE_VERSION}")
