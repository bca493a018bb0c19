"""The facts of a subject in one possible world, as the engine judges them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_in_transit.judgement.cluster import MalformedDocumentError, read_cluster
from emr_in_transit.judgement.facts import ClusterFacts, SecurityConfigurationFacts
from emr_in_transit.judgement.security_configuration import read_body
from emr_in_transit_cli.errors import CannotTellError
from emr_in_transit_cli.possibilities import BODIES, FULL_BODY, body_in, instantiated, settings_of
from emr_in_transit_cli.subjects import NOT_LAUNCHED, shown_name
from emr_in_transit_cli.worlds import Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit_cli.subjects import Cluster, Configuration, Directory
    from emr_in_transit_cli.worlds import World

_UNNAMED = "without a name"


def cluster_facts(
    cluster: Cluster, world: World, directory: Directory, parameters: RuleParameters
) -> ClusterFacts:
    """Return the facts of a cluster in a world.

    Raises CannotTellError where the rule would not judge either, MalformedDocumentError for what
    is no cluster.
    """
    tag_key, approved = parameters.exemption_tag_key, parameters.approved_security_configurations
    document = instantiated(cluster.document, world, tag_key)
    wanted = cluster.document.get("SecurityConfiguration") or ""
    if not isinstance(wanted, str | Unknown):
        raise MalformedDocumentError("SecurityConfiguration is no text")
    document["SecurityConfiguration"] = wanted and _UNNAMED
    facts = read_cluster(document, None, tag_key)
    if wanted:
        found = directory.find(wanted, world)
        name = _name_in(world, wanted if found is None else found.name or wanted, found, approved)
        # One that does not say when it was created is as old as the cluster.
        configuration = _configuration_of(found, wanted, name, world, facts.created)
        facts = facts._replace(
            security_configuration_name=name, security_configuration=configuration
        )
        if configuration.created > facts.created and facts.cluster_id != NOT_LAUNCHED:
            raise CannotTellError(
                f"security configuration {shown_name(wanted)} is younger than the cluster, so it is "
                "not the one that the cluster was launched with"
            )
    settings = tuple(
        setting
        for scope, configurations in cluster.groups
        for setting in settings_of(configurations, scope, world)
    )
    nodes = facts.primary_nodes if cluster.primary_nodes is None else cluster.primary_nodes
    return facts._replace(settings=facts.settings + settings, primary_nodes=nodes)


def _name_in(
    world: World,
    name: str | Unknown,
    found: Configuration | None,
    approved: Sequence[str],
) -> str:
    """Return a name; one that nobody knows may be an approved one, or not."""
    if isinstance(name, str):
        return name
    label = (found.label if found else "") or name.text
    options = (approved[0].replace("*", label), label) if approved else (label,)
    return world.choose(name, options)


def _configuration_of(
    found: Configuration | None, wanted: str | Unknown, name: str, world: World, created: datetime
) -> SecurityConfigurationFacts:
    if found is not None:
        return configuration_facts(found, world, created)._replace(name=name)
    key = wanted.key if isinstance(wanted, Unknown) else wanted
    what = (
        f"the security configuration ({wanted.what})"
        if isinstance(wanted, Unknown)
        else f"security configuration {shown_name(wanted)}, which is not in the input: "
        "give it by --configuration FILE"
    )
    body = world.choose(Unknown(f"body of {key}", what), BODIES)
    return SecurityConfigurationFacts(name, created, read_body(body))


def configuration_facts(
    configuration: Configuration, world: World, now: datetime
) -> SecurityConfigurationFacts:
    """Return the facts of a security configuration in a world."""
    body = body_in(configuration.body, world)
    name = configuration.name
    shown = configuration.label if isinstance(name, Unknown) else name
    return SecurityConfigurationFacts(
        shown or _UNNAMED, configuration.created or now, read_body(body)
    )


def full_configuration(now: datetime) -> SecurityConfigurationFacts:
    """Return a security configuration with all that any endpoint asks for."""
    return SecurityConfigurationFacts("any", now, read_body(FULL_BODY))
