"""Account check: the table of rights in docs/proof.md.

Usage: python -m tools.account_check.pages   writes it anew
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.account_check import before, clean_up, create, hybrid, launch, verify
from tools.account_check.rights import access
from tools.package import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.account_check.aws import Call

PAGE = ROOT / "docs" / "proof.md"
BEGIN, END = "<!-- rights -->\n", "<!-- end of rights -->"
# What each command calls; a trial also verifies beforehand, and cleans up in the end.
COMMANDS: dict[str, tuple[Call, ...]] = {
    "preflight": tuple(call for each in before.CHECKS for call in each.calls),
    "verify": (*(call for each in verify.CHECKS for call in each.calls), *verify.FETCHING),
    "--create": create.CALLS,
    "--hybrid": hybrid.CALLS,
    "--launch": launch.CALLS,
    "--clean-up": clean_up.CALLS,
}


def rights(calls: Iterable[Call]) -> list[str]:
    """Return the IAM actions that calls take, in order."""
    return sorted({action for call in calls for action in call.actions})


def table() -> str:
    """Return every right, whether it changes anything, and the commands that take it."""
    lines = ["| Right | AWS calls it | Taken by |", "| --- | --- | --- |"]
    for action in rights(call for calls in COMMANDS.values() for call in calls):
        takers = [name for name, calls in COMMANDS.items() if action in rights(calls)]
        lines.append(
            f"| `{action}` | {access(action)} | {', '.join(f'`{each}`' for each in takers)} |"
        )
    return "\n".join(lines) + "\n"


def written(text: str) -> str:
    """Return the page with the table as the code has it."""
    before_it, _, rest = text.partition(BEGIN)
    return before_it + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
