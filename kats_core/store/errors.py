"""Say why something could not be kept or read back.

StoreError             a person must act; the program ends with exit code 2
└── ContradictionError the records of a session do not fit together: an error in the program, please report it
"""

from __future__ import annotations

from typing import ClassVar


class StoreError(Exception):
    """The store cannot be used as it is: needs a person. The message names the file and says what to do.

    Nothing of the session that was being written is kept; everything committed before stays readable.
    """

    exit_code: ClassVar[int] = 2


class ContradictionError(StoreError):
    """A record refers to one that was never written, or was written twice: an error in the program, please report it."""
