"""Tool: mends what `rdk export` writes, so that Terraform makes of it what rdk deploy would.

Both versions write two AWS Config rules of the same name, one for the schedule and one for changes,
of which the second would overwrite the first; neither waits until AWS Config may invoke the
function, nor is told of oversized items. rdk 1.0.0 zips a single file of the rule.
"""

from collections.abc import Iterable
from pathlib import Path

from tools.rdk_stage import RULE

_EVENT_RULE = 'resource "aws_config_config_rule" "event_triggered" {'
_MESSAGE = 'message_type = "ConfigurationItemChangeNotification"'
_OVERSIZED = """message_type = "OversizedConfigurationItemChangeNotification"
    }
    source_detail {
      event_source = "aws.config"
      message_type = "ConfigurationItemChangeNotification\""""
_CODE = '_file = "${path.module}/../../${var.rule_name}/${var.rule_name}.py"'
_FOLDER = '_dir  = "${path.module}/../../${var.rule_name}"'
_ZIP = '"${path.module}/../../${var.rule_name}/${var.rule_name}.zip"'
_ZIP_BESIDE = '"${path.module}/../../${var.rule_name}.zip"'


class ExportError(Exception):
    """rdk's files are not those that this tool knows how to mend."""


def mend_0_12(folder: Path) -> Path:
    """Mend the export of rdk 0.17.24; return the folder to run terraform in."""
    _mend(folder / RULE / f"{RULE.lower()}_rule.tf", _event_rule("var.rule_name"))
    return folder / RULE


def mend_1_x(folder: Path) -> Path:
    """Mend the export of rdk 1.0.0; return the folder to run terraform in."""
    module = folder / "terraform_rdk_rules" / "rdk_module"
    _mend_one_of(module.glob("*.tf"), _EVENT_RULE, _event_rule("var.rule_name"))
    _mend_one_of(module.glob("*.tf"), _CODE, ((_CODE, _FOLDER), (_ZIP, _ZIP_BESIDE)))
    return module.parent


def _event_rule(name: str) -> tuple[tuple[str, str], ...]:
    """Return what to replace in the rule for changes, which comes first in both files."""
    waiting = f"{_EVENT_RULE}\n  depends_on = [aws_lambda_permission.lambda_invoke]"
    return (
        (_EVENT_RULE, waiting),
        (f"= {name}\n", f'= "${{{name}}}_CONFIGURATIONS"\n'),
        (_MESSAGE, _OVERSIZED),
    )


def _mend_one_of(paths: Iterable[Path], mark: str, replacements: Iterable[tuple[str, str]]) -> None:
    marked = [path for path in paths if mark in path.read_text()]
    if len(marked) != 1:
        raise ExportError(f"not one, but {len(marked)} of rdk's files hold {mark!r}")
    _mend(marked[0], replacements)


def _mend(path: Path, replacements: Iterable[tuple[str, str]]) -> None:
    """Replace each text where it first stands after the rule for changes begins."""
    text = path.read_text()
    start = max(text.find(_EVENT_RULE), 0)
    before, rest = text[:start], text[start:]
    for old, new in replacements:
        if old not in rest:
            raise ExportError(f"{path.name} of this version of rdk has no {old!r}")
        rest = rest.replace(old, new, 1)
    path.write_text(before + rest)
