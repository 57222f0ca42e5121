"""How is a picture packed? As PNG, for speed rather than size."""

import struct
import zlib
from typing import Any

import numpy as np


def png(rgba: np.ndarray[Any, Any]) -> bytes:
    """Return an opaque picture of shape (height, width, 4) as PNG.

    Without row filters and at zlib's level 1 this takes half the time of Pillow's fastest setting, and makes
    no more bytes of a picture that is mostly cells, lines and paper.
    """
    height, width, _ = rgba.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:].reshape(height, width, 3)[...] = rgba[..., :3]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.data, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
