"""What a file is by its first bytes, whatever it is called."""

from __future__ import annotations

_MAGIC = (
    (b"PK\3\4", "zip"),
    (b"PK\5\6", "zip"),
    (b"PK\7\x08", "zip"),
    (b"SQLite format 3\0", "sqlite"),
    (b"%PDF-", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xd0\xcf\x11\xe0", "old office"),
    (b"PAR1", "parquet"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"ID3", "audio"),
    (b"OggS", "audio"),
    (b"fLaC", "audio"),
    (b"RIFF", "video"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"bplist00", "property list"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
)
_HTML = (b"<!doctype html", b"<html")
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # byte order marks of UTF-16


def kind(head: bytes) -> str:
    """One word: zip, sqlite, pdf, gzip, html, text, binary, empty, ..."""
    if not head:
        return "empty"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return "video"
    if head[257:262] == b"ustar":
        return "tar"
    if head.startswith(_WIDE):
        return "text"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith(_HTML) or (start.startswith(b"<") and b"<html" in head[:4096].lower()):
        return "html"
    # A stray NUL is a damaged row of a text; many are no text at all.
    if head.count(0) * 10 <= len(head):
        return "text"
    if not head.strip(b"\0"):
        return "zeros"
    return "wide text" if _is_wide(head[:400]) else "binary"


def _is_wide(start: bytes) -> bool:
    """Whether it is UTF-16 without a mark, mostly of Latin letters: every other byte is zero."""
    zeros = sorted(side.count(0) / len(side) for side in (start[::2], start[1::2]) if side)
    return len(zeros) == 2 and zeros[0] == 0 and zeros[1] > 0.9
