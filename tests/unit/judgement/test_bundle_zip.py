"""The reader of zips: whatever bytes it gets, it never asks for those of the private key."""

import base64
import io
import struct
import zipfile
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emr_in_transit.judgement.bundle import CHAIN, KEY, TRUSTED, Bundle, Unread
from emr_in_transit.judgement.bundle_problems import Problem
from emr_in_transit.judgement.bundle_reading import read_bundle
from emr_in_transit.judgement.bundle_zip import (
    MOST_READS,
    MOST_UNPACKED,
    TooManyReadsError,
    Zip,
    ZipError,
)
from tests.support.bundles import (
    edited,
    files,
    good,
    key_bytes,
    moved,
    renamed,
    with_records_of_64_bits,
    zipped,
)

NAMES = (KEY, CHAIN, TRUSTED, "__MACOSX/._privateKey.pem", "notes.txt")
CONTENT = st.binary(min_size=1, max_size=300)
MEMBERS = st.lists(st.tuples(st.sampled_from(NAMES), CONTENT), unique_by=lambda each: each[0])
unhurried = settings(deadline=None)
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])


class Watched:
    """Bytes of which some may not be asked for."""

    def __init__(self, content: bytes, forbidden: range):
        self.content, self.forbidden = content, forbidden
        self.reads = 0

    def read(self, start: int, end: int) -> bytes:
        assert 0 <= start < end <= len(self.content)
        assert end <= self.forbidden.start or self.forbidden.stop <= start or not self.forbidden
        self.reads += 1
        assert self.reads <= MOST_READS
        return self.content[start:end]


def entries_of(content: bytes, forbidden: range = range(0)) -> dict[str, bytes]:
    archive = Zip(len(content), Watched(content, forbidden).read)
    wanted = [each for each in archive.entries if each.name in {CHAIN, TRUSTED}]
    return {each.name: archive.content(each) for each in wanted}


@unhurried
@given(MEMBERS, METHODS, st.booleans(), st.booleans())
def test_what_python_writes_is_read(members, method, streamed, wide):
    """Each member as it was, without a byte of the key, and in four calls."""
    content = zipped(members, method, streamed=streamed, wide=wide)
    held = Watched(content, key_bytes(content))
    archive = Zip(len(content), held.read)
    assert [each.name for each in archive.entries] == [name for name, _ in members]
    for entry, (name, expected) in zip(archive.entries, members, strict=True):
        if name in {CHAIN, TRUSTED}:
            assert archive.content(entry) == expected
    assert held.reads <= 4


@unhurried
@given(st.binary(min_size=1, max_size=3000))
def test_comments(comment):
    """Of any length and content, where the headers tell the sizes."""
    content = zipped(files(), comment=comment)
    expected = {name: text for name, text in files().items() if name != KEY}
    assert entries_of(content, key_bytes(content)) == expected


@unhurried
@given(st.binary(max_size=200))
@example(b"PK\5\6" + bytes(18))
@example(b"PK\5\6" + b"\xff" * 16 + bytes(2))
@example(b"PK\3\4" + b"\xff" * 26 + b"PK\5\6" + bytes(18))
def test_any_bytes(content):
    """They raise its own error, or are a zip."""
    try:
        Zip(len(content), Watched(content, range(0)).read)
    except (ZipError, TooManyReadsError):
        return
    assert zipfile.is_zipfile(io.BytesIO(content))


def with_a_name_that_has_no_end() -> bytes:
    """A zip whose last entry in the directory has a name that is longer than all that follows."""
    content = bytearray(good())
    struct.pack_into("<H", content, content.rindex(b"PK\1\2") + 28, 0xFFFF)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\5\6" + b"\xff" * 16 + bytes(2), "its records of 64 bits are missing"),
        (with_a_name_that_has_no_end(), "an entry of it cannot be read"),
    ],
    ids=["64 bits", "name"],
)
def test_a_directory_that_points_to_where_nothing_is(content, why):
    """Before the first byte, or past the last."""
    with pytest.raises(ZipError, match=why) as raised:
        entries_of(content)
    assert raised.value.problem is Problem.DIRECTORY_LIES


@cache
def sample(*, streamed: bool, at_end: bool) -> bytes:
    held = files()
    order = (CHAIN, TRUSTED, KEY) if at_end else (KEY, CHAIN, TRUSTED)
    return zipped({name: held[name] for name in order}, streamed=streamed)


@unhurried
@given(st.booleans(), st.booleans(), st.data())
def test_edited_directories_never_lead_into_the_key(streamed, at_end, data):
    """Any few bytes of directory and end record, as somebody might change them.

    The local headers tell the truth, so what lies is the directory.
    """
    content = bytearray(sample(streamed=streamed, at_end=at_end))
    start = struct.unpack("<I", content[-6:-2])[0]
    key = key_bytes(bytes(content))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(start, len(content) - 1))] = data.draw(st.integers(0, 255))
    read = read_bundle(len(content), Watched(bytes(content), key).read)
    assert isinstance(read, Bundle | Unread)


@unhurried
@given(st.sampled_from(NAMES[:3]), st.sampled_from(["start", "compressed", "size"]), st.integers(0, 2**32 - 1) | st.integers(0, 4000))  # fmt: skip
def test_edited_places_never_lead_into_the_key(name, field, value):
    """Any place and any size of any member."""
    content = edited(good(), name, **{field: value})
    read = read_bundle(len(content), Watched(content, key_bytes(good())).read)
    assert isinstance(read, Bundle)


@unhurried
@given(st.permutations(NAMES[:3]), st.sampled_from(NAMES[:3]), st.sampled_from(NAMES[:3]))
def test_exchanged_names_and_places_never_lead_into_the_key(order, first, second):
    """Whichever member stands where."""
    held = files()
    content = zipped({name: held[name] for name in order})
    if first != second:
        content = moved(content, first, second)
    read = read_bundle(len(content), Watched(content, key_bytes(content)).read)
    assert isinstance(read, Bundle)
    short = {KEY: "key", CHAIN: "chain", TRUSTED: "trusted"}
    names = {short[first]: second, short[second]: first}
    content = renamed(zipped({name: held[name] for name in order}), **names)
    read = read_bundle(len(content), Watched(content, key_bytes(content)).read)
    assert isinstance(read, Bundle)


@unhurried
@given(st.binary(max_size=400))
def test_any_certificates(content):
    """What is no certificate is said to be none, whatever it is."""
    head, tail = b"-----BEGIN CERTIFICATE-----\n", b"\n-----END CERTIFICATE-----\n"
    for text in (content, head + content + tail):
        held = zipped(files(chain=text or b"x"))
        read = read_bundle(len(held), Watched(held, key_bytes(held)).read)
        assert isinstance(read, Bundle)
        assert read.certificates == ()
        assert read.problems


@unhurried
@given(st.data())
def test_spoilt_certificates(data):
    """A certificate of which bytes are others is read or not, and nothing is raised."""
    lines = files()[CHAIN].splitlines()
    der = bytearray(base64.b64decode(b"".join(lines[1:-1])))
    for _ in range(data.draw(st.integers(1, 5))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    text = b"\n".join([lines[0], base64.encodebytes(bytes(der)).strip(), lines[-1]])
    held = zipped(files(chain=text))
    read = read_bundle(len(held), Watched(held, key_bytes(held)).read)
    assert isinstance(read, Bundle)
    assert bool(read.certificates) is not any(
        each.problem is Problem.CERTIFICATE_UNREADABLE for each in read.problems
    )


def test_a_bomb_takes_no_memory():
    """It unpacks one byte more than it says, and what says too much is not unpacked at all."""
    bomb = zipped(files(chain=bytes(2**24)))
    lying = edited(bomb, CHAIN, size=100, local=True)
    with pytest.raises(ZipError) as raised:
        entries_of(lying)
    assert raised.value.problem is Problem.MEMBER_DAMAGED
    entry = Zip(len(bomb), Watched(bomb, key_bytes(bomb)).read).entries[1]
    assert entry.size > MOST_UNPACKED


def test_each_header_that_is_looked_at_first_belongs_to_its_member():
    """Extra fields of a length that no tool writes are no error: they cost one call more."""
    info = zipfile.ZipInfo(CHAIN)
    info.extra = struct.pack("<2H3s", 0x9999, 3, b"abc")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(info, b"x")
    content = bytearray(stream.getvalue())
    held = Watched(bytes(content), range(0))
    archive = Zip(len(content), held.read)
    assert archive.content(archive.entries[0]) == b"x"
    assert held.reads == 3
    # Seven bytes of extra fields in the local header alone.
    at = content.rindex(CHAIN.encode()) + len(CHAIN)
    del content[at : at + 7]
    struct.pack_into("<H", content, at - len(CHAIN) - 16, 0)
    struct.pack_into("<I", content, len(content) - 10, 46 + len(CHAIN))
    held = Watched(bytes(content), range(0))
    archive = Zip(len(content), held.read)
    assert archive.content(archive.entries[0]) == b"x"
    assert held.reads == 4


def test_a_local_header_with_another_name():
    """Of the same length, so that only a look at the member itself shows it."""
    content = good().replace(CHAIN.encode(), b"CERTIFICATEChain.pem", 1)
    with pytest.raises(ZipError) as raised:
        entries_of(content, key_bytes(content))
    assert raised.value.problem is Problem.DIRECTORY_LIES


def test_a_locator_without_its_record():
    """What says that the zip is one of 64 bits has to be followed by what is."""
    content = with_records_of_64_bits(good()).replace(b"PK\6\6", b"PK\6\5")
    with pytest.raises(ZipError) as raised:
        entries_of(content, key_bytes(content))
    assert raised.value.problem is Problem.DIRECTORY_LIES
