"""Goes through the files of ``check``: reads, recognises and judges, one file after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.wording import one_line
from emr_in_transit_cli import files
from emr_in_transit_cli.dialects.recognising import Context, looks_like_ours, read_text
from emr_in_transit_cli.errors import CannotTellError, InputError, NotOursError, UsageError
from emr_in_transit_cli.judging import Result, Situation, judge
from emr_in_transit_cli.outcomes import WRONG_USE, Outcome, status_of
from emr_in_transit_cli.subjects import Directory, Subject, What
from emr_in_transit_cli.worlds import Unknown, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit_cli.files import Source
    from emr_in_transit_cli.subjects import Found

# What is said where no cluster took what --configuration gave.
NEEDLESS = "no cluster names what --configuration gives"


class Recognised(NamedTuple):
    """A document of a dialect that is known, and how many subjects it holds."""

    source: Source
    document: int
    dialect: str
    subjects: int


class Report(NamedTuple):
    """All that ``check`` has to say."""

    results: tuple[Result, ...]
    recognised: tuple[Recognised, ...]
    skipped: tuple[tuple[Source, str], ...]  # passed over: none of ours
    passes_over: bool = False  # whether named files may be none of ours, as those in folders may
    needless: bool = False  # whether no cluster took what --configuration gave

    @property
    def status(self) -> int:
        """The exit status of all that."""
        outcomes = {each.outcome for each in self.results}
        if not self.recognised and not (self.passes_over and not outcomes):
            return WRONG_USE
        return status_of(outcomes)


class _Pending(NamedTuple):
    """A subject whose security configuration may be in a file that is still to come."""

    position: int
    subject: Subject
    own: tuple[Subject, ...]


class Check:
    """One run of ``check``."""

    def __init__(
        self,
        context: Context,
        parameters: RuleParameters,
        configurations: Iterable[str] = (),
        *,
        passes_over: bool = False,
    ) -> None:
        self._passes_over = passes_over
        self._took_given = False
        self._context = context
        self._parameters = parameters
        self._given = tuple(read_configurations(configurations, context))
        self._others: list[Subject] = []
        self._results: list[Result] = []
        self._recognised: list[Recognised] = []
        self._skipped: list[tuple[Source, str]] = []
        self._pending: list[_Pending] = []

    def run(self, paths: Iterable[str]) -> Report:
        """Judge all that is in the files and folders."""
        for found in files.find(paths):
            if isinstance(found, files.Unlisted):
                self._could_not_read(found.source, found.problem)
            else:
                self._file(found._replace(is_named=found.is_named and not self._passes_over))
        for position, subject, own in self._pending:
            directory = Directory(own, self._given, self._others)
            self._results[position] = self._judged(self._results[position], subject, directory)
        return Report(
            tuple(self._results),
            tuple(self._recognised),
            tuple(self._skipped),
            passes_over=self._passes_over,
            needless=bool(self._given) and not self._took_given and self._attaches_none(),
        )

    def _attaches_none(self) -> bool:
        findings = (finding for each in self._results for finding in each.findings)
        return any(each.reason is Reason.NO_SECURITY_CONFIGURATION for each in findings)

    def _file(self, source: Source) -> None:
        text = ""
        try:
            text = files.read(source)
            found = read_text(text, self._context)
        except NotOursError as error:
            self._not_ours(source, str(error))
        except InputError as error:
            # In a folder, what cannot be read and does not look like ours is somebody else's.
            if source.is_named or not text or looks_like_ours(text):
                self._could_not_read(source, str(error))
            else:
                self._not_ours(source, str(error))
        else:
            for document, each in found:
                self._document(source, document, each)

    def _not_ours(self, source: Source, problem: str) -> None:
        if source.is_named:
            self._could_not_read(source, problem)
        else:
            self._skipped.append((source, one_line(problem)))

    def _could_not_read(self, source: Source, problem: str) -> None:
        summary = one_line(f"It {problem}.")
        self._results.append(Result(source, "", "file", "", (), Outcome.COULD_NOT_TELL, summary))

    def _document(self, source: Source, document: int, found: Found) -> None:
        self._recognised.append(Recognised(source, document, found.dialect, len(found.subjects)))
        for subject in found.subjects:
            if _has_name(subject):
                self._others.append(subject)
            empty = Result(
                source,
                found.dialect,
                subject.what.value,
                one_line(subject.address),
                (document, *subject.path),
                Outcome.COULD_NOT_TELL,
                "",
            )
            directory = Directory(found.subjects, self._given, ())
            result = self._judged(empty, subject, directory)
            if directory.missed:
                self._pending.append(_Pending(len(self._results), subject, found.subjects))
            self._results.append(result)

    def _judged(self, empty: Result, subject: Subject, directory: Directory) -> Result:
        situation = Situation(directory, self._parameters, self._context.now)
        outcome, summary, judged = judge(subject, situation)
        self._took_given |= directory.took_given
        return empty._replace(
            outcome=outcome,
            summary=summary,
            findings=judged.verdict.findings,
            remarks=judged.remarks,
        )


def read_configurations(paths: Iterable[str], context: Context) -> Iterator[Subject]:
    """Read the files of --configuration; they are no good unless they hold one."""
    for path in paths:
        source = files.Source(path)
        try:
            found = read_text(files.read(source), context)
        except InputError as error:
            raise UsageError(f"--configuration {source.shown} {error}") from error
        held = [
            subject
            for _, each in found
            for subject in each.subjects
            if subject.what is What.SECURITY_CONFIGURATION
        ]
        if not held:
            kinds = ", ".join(dict.fromkeys(each.dialect for _, each in found))
            raise UsageError(
                f"--configuration {source.shown} holds no security configuration, but: {kinds}"
            )
        yield from held


def _has_name(subject: Subject) -> bool:
    """Return whether a cluster of another document can name it."""
    if subject.what is not What.SECURITY_CONFIGURATION:
        return False
    try:
        name = subject.read(World()).name
    except CannotTellError:
        return False
    return bool(name) and not isinstance(name, Unknown)
