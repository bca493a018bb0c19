"""Pure: reads the facts of a bundle; where the option is off, nothing imports it.

It needs pyasn1 and pyasn1-modules, which take their time to load.
"""

from emr_in_transit.judgement.bundle import CHAIN, KEY, TRUSTED, Bundle, Certificate, Found, Unread
from emr_in_transit.judgement.bundle_certificates import (
    chain_problems,
    leaf_of,
    read_certificates,
)
from emr_in_transit.judgement.bundle_problems import PROBLEMS, Problem
from emr_in_transit.judgement.bundle_zip import (
    DEFLATED,
    MOST_UNPACKED,
    STORED,
    Entry,
    Read,
    TooManyReadsError,
    Zip,
    ZipError,
)
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.wording import clip, quoted

_MOST_NAMES = 20  # so many of the names of entries are kept
_MOST_CERTIFICATES = 20


def read_bundle(size: int, read: Read) -> Bundle | Unread:
    """Return what a PEM bundle holds; ``read(start, end)`` returns its bytes in that range.

    The caller has seen that it has at most MOST_BYTES. ``read`` is called at most eight times, four
    times for a zip without comment, of 32 bits and as usual tools make it, and never for a byte of
    privateKey.pem. What it raises passes; nothing else is raised.
    """
    if size == 0:
        return Bundle(problems=(Found(Problem.EMPTY),))
    try:
        archive = Zip(size, read)
        names = tuple(clip(each.name, 80) for each in archive.entries[:_MOST_NAMES])
        entries, problems = find_members(archive.entries)
        contents: dict[str, bytes] = {}
        for name in (CHAIN, TRUSTED):
            if name in entries:
                content = read_member(archive, name, entries[name], problems)
                if content is not None:
                    contents[name] = content
    except ZipError as error:
        return Bundle(problems=(Found(error.problem, what=error.what),))
    except TooManyReadsError:
        return Unread.TOO_MANY_READS
    return _bundle(names, contents, problems)


def read_member(archive: Zip, name: str, entry: Entry, problems: list[Found]) -> bytes | None:
    """Return what a member holds; None if it is damaged, which is then one of the problems."""
    try:
        return archive.content(entry)
    except ZipError as error:
        if error.problem is not Problem.MEMBER_DAMAGED:
            raise
        problems.append(Found(error.problem, name, error.what))
        return None


def _bundle(names: tuple[str, ...], contents: dict[str, bytes], problems: list[Found]) -> Bundle:
    held: dict[str, list[Certificate]] = {CHAIN: [], TRUSTED: []}
    for name, content in contents.items():
        held[name], found = read_certificates(name, content)
        problems = problems + found
    chain = held[CHAIN]
    if not chain:
        return Bundle(names, tuple(problems))
    knows_trusted = not any(
        each.member == TRUSTED and PROBLEMS[each.problem].reason is Reason.BUNDLE_INVALID
        for each in problems
    )
    problems = problems + chain_problems(chain, held[TRUSTED] if knows_trusted else None)
    leaf = leaf_of(chain)
    # Beside that of the nodes those matter that end first.
    others = sorted((each for each in chain if each is not leaf), key=lambda each: each.not_after)
    return Bundle(names, tuple(problems), (leaf, *others[: _MOST_CERTIFICATES - 1]))


def find_members(entries: tuple[Entry, ...]) -> tuple[dict[str, Entry], list[Found]]:
    """Return the members that can be read by their names, and what is wrong with any of them."""
    found, problems = {}, []
    for name in (KEY, CHAIN, TRUSTED):
        own = [each for each in entries if _plain(each.name) == name]
        if not own:
            if name != TRUSTED:
                problems.append(Found(Problem.MEMBER_MISSING, name, _held(entries)))
            continue
        entry = own[0]
        if len(own) > 1:
            problems.append(Found(Problem.MEMBER_TWICE, name))
        elif (problem := _entry_problem(name, entry)) is not None:
            problems.append(problem)
        else:
            found[name] = entry
        if entry.name != name:
            problems.append(Found(Problem.DOT_NAME, name, entry.name))
    return found, problems


def _plain(name: str) -> str:
    return name.removeprefix("./")


def _held(entries: tuple[Entry, ...]) -> str:
    names = [each.name for each in entries if not each.name.startswith("__MACOSX/")]
    return ", ".join(quoted(name) for name in names[:4]) or "nothing"


def _entry_problem(name: str, entry: Entry) -> Found | None:
    """Return what the directory itself says against a member."""
    if entry.is_encrypted:
        return Found(Problem.MEMBER_ENCRYPTED, name)
    if entry.method not in {STORED, DEFLATED}:
        return Found(Problem.MEMBER_METHOD, name, str(entry.method))
    if entry.size > MOST_UNPACKED:
        return Found(Problem.MEMBER_TOO_LARGE, name, f"{entry.size:,}")
    if entry.size == 0:
        return Found(Problem.MEMBER_EMPTY, name)
    return None
