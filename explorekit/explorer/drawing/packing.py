"""How is a picture packed? As PNG, for speed rather than size; as JPEG where the next one is about to follow."""

import io
import struct
from typing import Any

import numpy as np
from PIL import Image
from zlib_ng import zlib_ng


def png(rgba: np.ndarray[Any, Any]) -> bytes:
    """Return an opaque picture of shape (height, width, 4) as PNG.

    Without row filters and at the first level of zlib-ng this takes a fifth of the time of Pillow's fastest setting, and
    makes up to half as many bytes again.
    """
    height, width, _ = rgba.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:].reshape(height, width, 3)[...] = rgba[..., :3]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib_ng.compress(rows.data, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def jpeg(rgba: np.ndarray[Any, Any]) -> bytes:
    """Return an opaque picture of shape (height, width, 4) as JPEG.

    Of a picture full of fine lines that is a fifth of the bytes that PNG takes, in a third of the time.
    """
    height, width, _ = rgba.shape
    packed = io.BytesIO()
    Image.frombuffer("RGBX", (width, height), rgba, "raw", "RGBX", 0, 1).save(packed, "jpeg", quality=80)
    return packed.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib_ng.crc32(kind + data))
