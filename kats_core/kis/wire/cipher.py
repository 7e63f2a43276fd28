"""Open and close what the broker encrypts: order notices, AES-256 in CBC mode, padded by PKCS#7, written as base64."""

from __future__ import annotations

import binascii

import msgspec

from kats_core.kis.wire.errors import WireError

_KEY_BYTES = 32
_IV_BYTES = 16
_BLOCK_BITS = 128


class CipherKeys(msgspec.Struct, frozen=True):
    """The key and the initial vector that came with an ack. They belong to one connection and are never shown."""

    key: str
    iv: str

    def __post_init__(self) -> None:
        if len(self.key.encode()) != _KEY_BYTES or len(self.iv.encode()) != _IV_BYTES:
            raise ValueError(
                f"a key of {len(self.key)} and an iv of {len(self.iv)} characters, expected {_KEY_BYTES} and {_IV_BYTES}"
            )

    def __repr__(self) -> str:
        return "CipherKeys(***)"

    def decrypt(self, text: str) -> str:
        """Return the plain text; raises WireError where the text is not encrypted with these keys."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.padding import PKCS7

        try:
            sealed = binascii.a2b_base64(text.strip(), strict_mode=True)
            decryptor = Cipher(algorithms.AES(self.key.encode()), modes.CBC(self.iv.encode())).decryptor()
            padded = decryptor.update(sealed) + decryptor.finalize()
            unpadder = PKCS7(_BLOCK_BITS).unpadder()
            return (unpadder.update(padded) + unpadder.finalize()).decode()
        except ValueError as error:  # bad base64, length, padding and UTF-8 are all of this kind
            raise WireError(text, f"cannot be decrypted with the keys of this connection ({error})") from None

    def encrypt(self, plain: str) -> str:
        """Return a text that only these keys open."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.padding import PKCS7

        padder = PKCS7(_BLOCK_BITS).padder()
        padded = padder.update(plain.encode()) + padder.finalize()
        encryptor = Cipher(algorithms.AES(self.key.encode()), modes.CBC(self.iv.encode())).encryptor()
        return binascii.b2a_base64(encryptor.update(padded) + encryptor.finalize(), newline=False).decode()
