"""Tool: the fleets of the benchmark, and the least that EMR's limits let anybody get by with."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any

from tools.account import Account
from tools.simulator.buckets import LIMITS

PAGE = 50  # clusters that ListClusters tells at once
_AT_ONCE = 10  # clusters that TerminateJobFlows takes
_LAUNCHERS = 4


def _body(switch: object, **certificates: str) -> str:
    encryption: dict[str, Any] = {"EnableInTransitEncryption": switch}
    if certificates:
        encryption["InTransitEncryptionConfiguration"] = {
            "TLSCertificateConfiguration": certificates
        }
    encryption["EnableAtRestEncryption"] = False
    return json.dumps({"EncryptionConfiguration": encryption})


_PEM = {"CertificateProviderType": "PEM"}
# By name, the body, and what any rule makes of it.
CONFIGURATIONS = {
    "pem-blue": (_body(True, **_PEM, S3Object="s3://certificates/blue.zip"), "COMPLIANT"),
    "pem-green": (_body(True, **_PEM, S3Object="s3://certificates/green.zip"), "COMPLIANT"),
    "pem-red": (_body(True, **_PEM, S3Object="s3://certificates/red.zip"), "COMPLIANT"),
    "emr-managed": (_body(True, CertificateProviderType="EMR"), "COMPLIANT"),
    "off": (_body(False), "NON_COMPLIANT"),
}
# They take turns; every tenth cluster has none.
_TURNS = (*CONFIGURATIONS, *list(CONFIGURATIONS)[:-1], None)


def create_configurations(account: Account) -> None:
    """Create the security configurations that the clusters use."""
    for name, (body, _) in CONFIGURATIONS.items():
        account.emr.create_security_configuration(Name=name, SecurityConfiguration=body)


def launch(account: Account, count: int) -> dict[str, str]:
    """Launch so many clusters; return by id what any rule makes of each."""

    def one(configuration: str | None) -> tuple[str, str]:
        verdict = CONFIGURATIONS[configuration][1] if configuration else "NON_COMPLIANT"
        return account.launch("etl", configuration), verdict

    with ThreadPoolExecutor(_LAUNCHERS) as pool:
        return dict(pool.map(one, islice(cycle(_TURNS), count)))


def end(account: Account, cluster_ids: Iterable[str]) -> None:
    """Terminate clusters."""
    ids = list(cluster_ids)
    for first in range(0, len(ids), _AT_ONCE):
        account.emr.terminate_job_flows(JobFlowIds=ids[first : first + _AT_ONCE])


def pages(live: int) -> int:
    """Return how many ListClusters tell of so many clusters."""
    return max(1, math.ceil(live / PAGE))


def cold_floor(live: int) -> Counter[str]:
    """Return the calls without which nobody can judge clusters that he has never seen."""
    return Counter(
        ListClusters=pages(live),
        DescribeCluster=live,
        DescribeSecurityConfiguration=min(live, len(CONFIGURATIONS)),
    )


def warm_floor(live: int) -> Counter[str]:
    """Return the calls without which nobody can tell which clusters are live."""
    return Counter(ListClusters=pages(live))


def bound(calls: Mapping[str, int]) -> float:
    """Return the seconds below which EMR's token buckets, full at first, do not let these calls."""
    return max(
        0.0,
        *((number - LIMITS[name][0]) / LIMITS[name][1] for name, number in calls.items()),
    )
