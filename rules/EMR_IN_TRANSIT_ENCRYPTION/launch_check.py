"""Lambda entry point: EventBridge tells of a launch, and that one cluster is judged at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from emr_in_transit.deployment import deployment_of, start_process
from emr_in_transit.launch import check_launch, read_launch

if TYPE_CHECKING:
    from emr_in_transit.deployment import LambdaContext

logger = logging.getLogger(__name__)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Judge the cluster of a launch, and alert on a violation; whatever goes wrong is raised.

    What is returned is for whoever invokes the function by hand.
    """
    start_process()
    launch = read_launch(event)
    if launch is None:
        logger.info("event ignored", extra={"detail_type": str(event.get("detail-type"))[:80]})
        return {"outcome": "ignored"}
    return {"outcome": check_launch(launch, deployment_of(context))}
