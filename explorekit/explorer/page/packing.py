"""How does a picture lie in a page? What a browser would get of it, compressed, as text."""

import base64
import io
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from PIL import Image


def packed(state: Mapping[str, Any]) -> str:
    """Return a dict of what JSON can hold and bytes as text: its length, the JSON, the bytes; compressed, then as base64."""
    blobs: list[bytes] = []
    start = 0
    plain: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, bytes):
            start += -start % 8  # where numbers of eight bytes may begin
            blobs.append(value + bytes(-len(value) % 8))
            plain[name] = {"bytes": [start, len(value)]}
            start += len(blobs[-1])
        else:
            plain[name] = value
    text = json.dumps(plain, allow_nan=False).encode()
    content = struct.pack("<I", len(text)) + text + b"".join(blobs)
    return base64.b64encode(zlib.compress(content, 9)).decode()


def smaller(png: bytes) -> bytes:
    """Return a picture that was packed for speed as one that is packed for size."""
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).save(out, "PNG", optimize=True)
    return min(out.getvalue(), png, key=len)
