"""Simulator: Security Hub, which takes findings and keeps what people made of them.

| module | what it does |
|---|---|
| `format` | what a finding must be like, or it is refused |
| `findings` | the findings of an account and Region: import, update, query |
| `workflow` | what becomes of a finding's workflow when it is imported again |
"""

from __future__ import annotations

import functools

from moto.securityhub import urls
from moto.securityhub.responses import SecurityHubResponse

from tools.simulator.securityhub import findings


@functools.cache
def install() -> None:
    """Put our findings in the place of moto's, which has no filters, no checks and no updates."""
    for name, operation in findings.OPERATIONS.items():
        setattr(SecurityHubResponse, name, operation)
    urls.url_paths["{0}/findings/batchupdate$"] = SecurityHubResponse.dispatch
