"""Pure: what a sweep did: its judgements and counts, and what could not be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.judgement.wording import clip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emr_in_transit.alerting.alert import Judged

# The error of a run names so many causes, and so many subjects for each; the log has all.
MOST_CAUSES, MOST_NAMED = 10, 20
CAUSE_LIMIT, NAME_LIMIT = 300, 64


class SweepResult(NamedTuple):
    """What one sweep did: counts, the judgements, and what could not be told, with its cause."""

    problems: Mapping[str, str]  # by subject: a cluster id, or what the sweep failed to read
    judged: tuple[Judged, ...] = ()
    gone: frozenset[str] = frozenset()  # the ids of clusters that have ended
    live: int = 0
    compliant: int = 0
    non_compliant: int = 0
    not_applicable: int = 0
    exempted_violations: int = 0  # clusters that would violate, had nobody exempted them
    retired: int = 0
    deferred: int = 0
    put: int = 0
    unchanged: int = 0
    emr_calls: int = 0
    alerts: int = 0  # violations and exemptions that nobody had been told of
    held_back: int = 0  # resources that people should have been told of, and were not
    ledger_disagrees: int = 0  # clusters of which the ledger said what EMR does not confirm
    bundles_not_read: int | None = None  # of certificates; None where nobody looks into them

    def summary(self) -> dict[str, int]:
        """Return the fields of the summary line."""
        return {
            "live": self.live,
            "compliant": self.compliant,
            "non_compliant": self.non_compliant,
            "not_applicable": self.not_applicable,
            "exempted_violations": self.exempted_violations,
            "retired": self.retired,
            "deferred": self.deferred,
            "put": self.put,
            "unchanged": self.unchanged,
            "emr_calls": self.emr_calls,
            "alerts": self.alerts,
            "held_back": self.held_back,
            "ledger_disagrees": self.ledger_disagrees,
            "could_not_tell": len(self.problems),
            **self._of_bundles("bundles_not_read"),
        }

    def metrics(self) -> dict[str, int]:
        """Return what CloudWatch counts."""
        return {
            "SweepsFinished": 1,
            "ClustersJudged": self.compliant + self.non_compliant + self.not_applicable,
            "Violations": self.non_compliant,
            "CouldNotTell": len(self.problems),
            "Deferred": self.deferred,
            "EmrCalls": self.emr_calls,
            "LedgerDisagrees": self.ledger_disagrees,
            "AlertsHeldBack": self.held_back,
            "ExemptedViolations": self.exempted_violations,
            **self._of_bundles("BundlesNotRead"),
        }

    def _of_bundles(self, name: str) -> dict[str, int]:
        return {} if self.bundles_not_read is None else {name: self.bundles_not_read}

    def problems_in_words(self) -> str:
        """Return what could not be judged, recorded or told: counted, and named by cause."""
        subjects: dict[str, list[str]] = {}
        for subject, why in self.problems.items():
            # Many causes name the cluster; without its id they are one cause.
            cause = clip(why.replace(subject, "..."), CAUSE_LIMIT)
            subjects.setdefault(cause, []).append(clip(subject, NAME_LIMIT))
        by_size = sorted(subjects.items(), key=lambda each: -len(each[1]))
        causes = [f"{_named(names)} ({cause})" for cause, names in by_size[:MOST_CAUSES]]
        if left_out := by_size[MOST_CAUSES:]:
            others = sum(len(names) for _, names in left_out)
            causes.append(f"{others} more for {len(left_out)} other causes")
        return f"{len(self.problems)} could not be judged, recorded or told: {'; '.join(causes)}"


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
