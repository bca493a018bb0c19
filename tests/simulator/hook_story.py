"""A program of test_hooks.py: what EMR's hooks are told, as JSON, in a process of its own.

Installing the simulator changes moto for the whole process, so no test may do that.
"""

import json
import sys

from werkzeug.test import Client

from tools.simulator import accounts, identity, server
from tools.simulator.emr import hooks

KEY = accounts.administrator_key("222222222222").access_key_id
LAUNCH = {
    "Name": "c",
    "ReleaseLabel": "emr-7.5.0",
    "Instances": {"KeepJobFlowAliveWhenNoSteps": True},
}


def call(application, operation, **request):
    """Call EMR through the WSGI application."""
    answer = application.post(
        "/",
        data=json.dumps(request),
        content_type="application/x-amz-json-1.1",
        headers={
            "X-Amz-Target": f"ElasticMapReduce.{operation}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/"
            "elasticmapreduce/aws4_request, SignedHeaders=host, Signature=0",
        },
    )
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text or "{}")


def main():
    """Create, launch, terminate, delete; print what was told."""
    identity.set_endpoint("http://localhost:9")
    server.install()
    told = []
    hooks.on_security_configuration_change(lambda *what: told.append(["configuration", *what]))
    hooks.on_cluster_state(lambda a, r, c, *states: told.append(["state", a, r, c.name, *states]))
    hooks.on_run_job_flow(lambda a, r, c, by, body: told.append(["run", a, r, c.name, by, body]))
    application = Client(server.application())
    call(application, "CreateSecurityConfiguration", Name="sc", SecurityConfiguration="{}")
    cluster_id = call(application, "RunJobFlow", **LAUNCH)["JobFlowId"]
    call(application, "TerminateJobFlows", JobFlowIds=[cluster_id])
    call(application, "DeleteSecurityConfiguration", Name="sc")
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
