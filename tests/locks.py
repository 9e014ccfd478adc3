"""Locks that open quickly: a passphrase's slowness is age's own work and is tested once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_LABEL = b"age-encryption.org/v1"
_DOUBLINGS = 4  # age itself takes about 18
_FIRST_AND_LAST = bytes(11) + b"\1"


def lock_quickly(content: bytes, passphrase: str) -> bytes:
    """Encrypt content (one chunk at most) with a passphrase as age does, with hardly any work.

    Source: age-encryption.org/v1, "The scrypt recipient type" and "Payload".
    """
    salt, file_key, nonce = (secrets.token_bytes(16) for _ in range(3))
    wrapping = hashlib.scrypt(
        passphrase.encode(), salt=_LABEL + b"/scrypt" + salt, n=2**_DOUBLINGS, r=8, p=1, dklen=32
    )
    body = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    lines = (_LABEL, b"-> scrypt %s %d" % (_write(salt), _DOUBLINGS), _write(body), b"---")
    header = b"\n".join(lines)
    mac = hmac.digest(_derive(file_key, b"", b"header"), header, "sha256")
    payload = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
    return b"%s %s\n%s" % (
        header, _write(mac), nonce + payload.encrypt(_FIRST_AND_LAST, content, None),
    )  # fmt: skip


def _derive(file_key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(file_key)


def _write(content: bytes) -> bytes:
    return base64.b64encode(content).rstrip(b"=")
