"""EMR's hooks: the modules that hook in are told of everything, in order, once."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_configurations_launches_and_states_are_told_in_order():
    command = [sys.executable, str(HERE / "hook_story.py")]
    environment = os.environ | {"PYTHONPATH": str(HERE.parent.parent)}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    where = ["222222222222", "us-east-1"]
    administrator = "arn:aws:iam::222222222222:user/simulator-administrator"
    request = {
        "Name": "c",
        "ReleaseLabel": "emr-7.5.0",
        "Instances": {"KeepJobFlowAliveWhenNoSteps": True},
    }
    assert json.loads(ended.stdout) == [
        ["configuration", *where, "sc", "created"],
        ["run", *where, "c", administrator, request],
        ["state", *where, "c", None, "STARTING"],
        ["state", *where, "c", "STARTING", "WAITING"],
        ["state", *where, "c", "WAITING", "TERMINATING"],
        ["state", *where, "c", "TERMINATING", "TERMINATED"],
        ["configuration", *where, "sc", "deleted"],
    ]
