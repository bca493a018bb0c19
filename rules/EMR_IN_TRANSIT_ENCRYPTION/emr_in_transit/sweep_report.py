"""Sweep: what one sweep did, as its summary line and its error say it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from emr_in_transit.judgement.verdict import Compliance, Verdict

# So many subjects are named for each cause in the error of a run; the log has a line for each.
NAMED_IN_ERROR = 20


@dataclass
class SweepReport:
    """Counts, and by subject what could not be judged or recorded, and why."""

    live: int = 0
    retired: int = 0
    deferred: int = 0
    put: int = 0
    unchanged: int = 0
    emr_calls: int = 0
    alerts: int = 0  # violations that nobody had been told of
    verdicts: Counter[Compliance] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)
    exempted_violations: int = 0  # clusters that would violate, had nobody exempted them

    def count(self, verdict: Verdict) -> None:
        """Count one verdict."""
        self.verdicts[verdict.compliance] += 1
        if verdict.compliance is Compliance.NOT_APPLICABLE and verdict.violations:
            self.exempted_violations += 1

    def summary(self) -> dict[str, int]:
        """Answer the fields of the summary line."""
        return {
            "live": self.live,
            **{compliance.value.lower(): self.verdicts[compliance] for compliance in Compliance},
            "exempted_violations": self.exempted_violations,
            "retired": self.retired,
            "deferred": self.deferred,
            "put": self.put,
            "unchanged": self.unchanged,
            "emr_calls": self.emr_calls,
            "alerts": self.alerts,
            "could_not_tell": len(self.problems),
        }

    def metrics(self) -> dict[str, int]:
        """Answer what CloudWatch counts."""
        return {
            "SweepsFinished": 1,
            "ClustersJudged": self.verdicts.total(),
            "Violations": self.verdicts[Compliance.NON_COMPLIANT],
            "CouldNotTell": len(self.problems),
            "Deferred": self.deferred,
            "EmrCalls": self.emr_calls,
        }

    def problems_in_words(self) -> str:
        """Answer what could not be judged, recorded or told, counted, named and put together."""
        subjects: dict[str, list[str]] = defaultdict(list)
        for subject, why in self.problems.items():
            subjects[why].append(subject)
        causes = [f"{_named(names)} ({why})" for why, names in subjects.items()]
        return f"{len(self.problems)} could not be judged, recorded or told: {'; '.join(causes)}"


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:NAMED_IN_ERROR])
    more = len(names) - NAMED_IN_ERROR
    return f"{shown} and {more} more" if more > 0 else shown
