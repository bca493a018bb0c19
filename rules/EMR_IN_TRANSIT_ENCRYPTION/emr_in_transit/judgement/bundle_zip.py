"""Pure: reads members of a zip through ranges, and never a byte of another member.

What is asked for: the last 22 bytes (the end record), the directory, and each wanted member from
its local header to the next entry. The directory has to account for every byte before it, or
nothing else is read: one that lies about offsets could lead into the private key.
A zip with a comment does not end with its end record, and searching for it from behind would
lead into the last member; its directory is found from the front, from header to header.
The format is that of PKWARE's APPNOTE.TXT, 4.3 to 4.5.
"""

import struct
import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from emr_in_transit.judgement.bundle_problems import Problem

# Returns the bytes from the first offset to, but not including, the second. What it raises passes.
Read = Callable[[int, int], bytes]

MOST_READS = 8
MOST_UNPACKED = 2**20

_LOCAL, _CENTRAL, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_CENTRAL_HEADER = struct.Struct("<4s6H3I5H2I")
_END_RECORD = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _SIZES_FOLLOW, _UTF8 = 0x1, 0x8, 0x800
STORED, DEFLATED = 0, 8
# A local header may have longer extra fields than the directory: Info-ZIP's and Finder's have one
# time more (4 bytes), Python's has sizes of 64 bits (20 bytes). Much more is no extra field.
_USUALLY_LONGER = (0, 4, 20)
_MOST_LONGER = 64
# Behind a member may stand its sizes once more, with 32 or 64 bits, with or without a signature.
_DESCRIPTORS = (12, 16, 20, 24)


class ZipError(Exception):
    """A zip that cannot be read, and why."""

    def __init__(self, problem: Problem, what: str = "") -> None:
        super().__init__(f"{problem} {what}")
        self.problem, self.what = problem, what


class TooManyReadsError(Exception):
    """It would take more than MOST_READS, or a look at what may be the private key."""


class Entry(NamedTuple):
    """One entry of the directory."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    start: int  # of its local header
    end: int  # where the next entry starts, or the directory
    extra: int  # bytes of extra fields in the directory

    @property
    def is_encrypted(self) -> bool:
        """Whether it takes a password."""
        return bool(self.flags & _ENCRYPTED)


class _End(NamedTuple):
    entries: int
    directory: int
    directory_size: int
    at: int  # the first byte behind the directory


class Zip:
    """A zip of which the directory has been read, and found to account for all bytes.

    ZipError: it is no zip, or lies. TooManyReadsError: see there. Nothing else is raised but what
    ``read`` raises.
    """

    def __init__(self, size: int, read: Read) -> None:
        self._ranges = _Ranges(size, read)
        end = _find_end(self._ranges)
        self.entries: tuple[Entry, ...] = _read_directory(self._ranges, end)

    def content(self, entry: Entry) -> bytes:
        """Return what one of the entries holds, unpacked.

        The caller has seen that it is not encrypted, of a method that is known, and not larger
        than MOST_UNPACKED.
        """
        if not _is_explained(entry):
            self._check(entry, self._ranges.get(entry.start, entry.start + _LOCAL_HEADER.size))
        block = self._ranges.get(entry.start, entry.end)
        length = self._check(entry, block[: _LOCAL_HEADER.size])
        name = block[_LOCAL_HEADER.size :][: len(entry.raw_name)]
        packed = block[length:][: entry.compressed]
        if name != entry.raw_name or len(packed) != entry.compressed:
            raise ZipError(Problem.DIRECTORY_LIES, "an entry has another name or length there")
        return _unpacked(entry, packed)

    @staticmethod
    def _check(entry: Entry, header: bytes) -> int:
        """Return the length of a local header with name and extra fields; raise ZipError."""
        signature, _, flags, method, *_, crc, compressed, size, name, extra = _LOCAL_HEADER.unpack(
            header
        )
        expected = (_LOCAL, entry.is_encrypted, entry.method, len(entry.raw_name))
        if (signature, bool(flags & _ENCRYPTED), method, name) != expected:
            raise ZipError(Problem.DIRECTORY_LIES, "another entry stands where it says")
        is_stated = not flags & _SIZES_FOLLOW and _FULL32 not in {compressed, size}
        if is_stated and (crc, compressed, size) != (entry.crc, entry.compressed, entry.size):
            raise ZipError(Problem.DIRECTORY_LIES, "an entry has another size there")
        return int(_LOCAL_HEADER.size + name + extra)


class _Ranges:
    """Keeps what it has read, and reads not more often than allowed."""

    def __init__(self, size: int, read: Read) -> None:
        self.size = size
        self._read = read
        self._held: list[tuple[int, bytes]] = []

    def get(self, start: int, end: int) -> bytes:
        for at, piece in self._held:
            if at <= start and end <= at + len(piece):
                return piece[start - at : end - at]
        if len(self._held) == MOST_READS:
            raise TooManyReadsError
        piece = self._read(start, end)
        if len(piece) != end - start:
            raise ZipError(Problem.TRUNCATED)
        self._held.append((start, piece))
        return piece


def _find_end(ranges: _Ranges) -> _End:
    at = ranges.size - _END_RECORD.size
    if at < 0:
        raise ZipError(Problem.NOT_A_ZIP, "something of a few bytes")
    tail = ranges.get(at, ranges.size)
    if _is_end(tail):
        return _read_end(ranges, at, tail)
    walked = _walk(ranges)
    # Where that fails: one header of the directory at least stands between its end and any member.
    start = max(at + 1 - _CENTRAL_HEADER.size, 0) if walked is None else walked
    rest = ranges.get(start, ranges.size)
    found = rest.find(_END)
    while found >= 0:
        if _is_end(rest[found:]):
            return _read_end(ranges, start + found, rest[found:][: _END_RECORD.size])
        found = rest.find(_END, found + 1)
    if walked is None:
        raise TooManyReadsError
    raise ZipError(Problem.TRUNCATED)


def _is_end(record: bytes) -> bool:
    """Return whether bytes begin with an end record whose comment reaches to their end."""
    if len(record) < _END_RECORD.size or not record.startswith(_END):
        return False
    comment = int.from_bytes(record[20:22], "little")
    return len(record) == _END_RECORD.size + comment


def _walk(ranges: _Ranges) -> int | None:
    """Return where the directory starts, from the front; None if the headers do not tell."""
    at = 0
    while True:
        if at + _LOCAL_HEADER.size > ranges.size:
            raise ZipError(Problem.TRUNCATED)
        header = ranges.get(at, at + _LOCAL_HEADER.size)
        if header.startswith((_CENTRAL, _END)) and at:
            return at
        if not header.startswith(_LOCAL):
            what = _looks_like(header) if at == 0 else ""
            raise ZipError(Problem.NOT_A_ZIP if at == 0 else Problem.TRUNCATED, what)
        _, _, flags, *_, compressed, _, name, extra = _LOCAL_HEADER.unpack(header)
        if flags & _SIZES_FOLLOW or compressed == _FULL32:
            return None
        at += _LOCAL_HEADER.size + name + extra + compressed


_BEGINNINGS = (
    (b"-----BEGIN", "PEM text"),
    (b"\x1f\x8b", "a tarball or another gzip file"),
    (b"\x30", "DER or PKCS #12"),
)


def _looks_like(head: bytes) -> str:
    return next((what for begin, what in _BEGINNINGS if head.startswith(begin)), "something else")


def _read_end(ranges: _Ranges, at: int, record: bytes) -> _End:
    _, disk, disk_of_directory, _, count, size, start, _ = _END_RECORD.unpack(record)
    if _FULL16 in {disk, disk_of_directory, count} or _FULL32 in {size, start}:
        return _read_end64(ranges, at)
    return _End(count, start, size, at)


def _read_end64(ranges: _Ranges, at: int) -> _End:
    """Return what the records of 64 bits before the end record say."""
    locator_at = at - _LOCATOR64.size
    at = locator_at - _END64.size
    if at < 0:
        raise ZipError(Problem.DIRECTORY_LIES, "its records of 64 bits are missing")
    signature, _, where, _ = _LOCATOR64.unpack(ranges.get(locator_at, locator_at + _LOCATOR64.size))
    if (signature, where) != (b"PK\6\7", at):
        raise ZipError(Problem.DIRECTORY_LIES, "its records of 64 bits are missing")
    signature, _, _, _, _, _, _, count, size, start = _END64.unpack(ranges.get(at, locator_at))
    if signature != b"PK\6\6":
        raise ZipError(Problem.DIRECTORY_LIES, "its records of 64 bits are missing")
    return _End(count, start, size, at)


def _read_directory(ranges: _Ranges, end: _End) -> tuple[Entry, ...]:
    if end.directory + end.directory_size != end.at:
        raise ZipError(Problem.DIRECTORY_LIES, "it does not end where the zip does")
    data = ranges.get(end.directory, end.at) if end.directory_size else b""
    headers = list(_headers(data))
    if len(headers) != end.entries:
        raise ZipError(
            Problem.DIRECTORY_LIES, f"it says {end.entries} and has {len(headers)} entries"
        )
    starts = [*(each.start for each in headers), end.directory]
    if starts[0] != 0:
        raise ZipError(Problem.DIRECTORY_LIES, "bytes stand before the first entry")
    entries = tuple(each._replace(end=stop) for each, stop in zip(headers, starts[1:], strict=True))
    for entry in entries:
        _check_extent(entry)
    return entries


def _headers(data: bytes) -> Iterable[Entry]:
    at = 0
    while at < len(data):
        if not data.startswith(_CENTRAL, at) or at + _CENTRAL_HEADER.size > len(data):
            raise ZipError(Problem.DIRECTORY_LIES, "an entry of it cannot be read")
        values = _CENTRAL_HEADER.unpack_from(data, at)
        _, _, _, flags, method, _, _, crc, compressed, size, name, extra, comment, *_, start = (
            values
        )
        name_at = at + _CENTRAL_HEADER.size
        at = name_at + name + extra + comment
        if at > len(data):
            raise ZipError(Problem.DIRECTORY_LIES, "an entry of it cannot be read")
        raw = data[name_at : name_at + name]
        wide = _wide(data[name_at + name :][:extra], size, compressed, start)
        size, compressed, start = wide
        text = raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        yield Entry(text, raw, flags, method, crc, compressed, size, start, 0, extra)


def _wide(extra: bytes, *values: int) -> list[int]:
    """Return size, compressed size and start with those of 64 bits in their places."""
    at, held = 0, b""
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            held = extra[at + 4 : at + 4 + length]
        at += 4 + length
    found = []
    for value in values:
        if value == _FULL32 and len(held) >= 8:
            value, held = int.from_bytes(held[:8], "little"), held[8:]  # noqa: PLW2901
        found.append(value)
    return found


def _slack(entry: Entry) -> int:
    """Return the bytes of an entry that the directory does not name: extra fields, descriptor."""
    return entry.end - entry.start - _LOCAL_HEADER.size - len(entry.raw_name) - entry.compressed


def _check_extent(entry: Entry) -> None:
    slack = _slack(entry)
    if slack < 0:
        raise ZipError(Problem.DIRECTORY_LIES, "entries overlap, or are out of order")
    if slack > entry.extra + _MOST_LONGER:
        raise ZipError(Problem.DIRECTORY_LIES, "bytes belong to no entry")


def _is_explained(entry: Entry) -> bool:
    """Return whether the bytes of an entry add up as tools write it.

    Else its local header is looked at first, which has no byte of any member.
    """
    descriptors = _DESCRIPTORS if entry.flags & _SIZES_FOLLOW else (0,)
    usual = {0, *(entry.extra + longer for longer in _USUALLY_LONGER), 20}
    return any(_slack(entry) - each in usual for each in descriptors)


def _unpacked(entry: Entry, packed: bytes) -> bytes:
    if entry.method == STORED:
        content = packed
    else:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = unpacker.decompress(packed, entry.size + 1)
        except zlib.error as error:
            raise ZipError(Problem.MEMBER_DAMAGED, "its compressed bytes are damaged") from error
    if len(content) != entry.size:
        raise ZipError(Problem.MEMBER_DAMAGED, "it has another size than the directory says")
    if zlib.crc32(content) != entry.crc:
        raise ZipError(Problem.MEMBER_DAMAGED, "its checksum is wrong")
    return content
