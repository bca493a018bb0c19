"""Simulator: Amazon EventBridge. Rules deliver events to Lambda, SNS and SQS, as their policies admit.

| module | what it does |
|---|---|
| `shapes` | how the events of AWS services look |
| `bus` | PutTargets; which rules match; events lost, doubled, late or out of order |
| `delivery` | what a target gets; attempts, retries, the dead-letter queue |

The events of EMR's states, of CloudTrail's RunJobFlow and of AWS Config's changes of compliance are
put by the modules in which these happen.
"""

from tools.simulator.events.bus import install, put_service_event, settings

__all__ = ["install", "put_service_event", "settings"]
