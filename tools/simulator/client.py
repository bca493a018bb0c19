"""Simulator: the client, by which people and tests start a simulator and steer it."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from tools.simulator import accounts
from tools.simulator.control_client import Controls, SimulatorError

__all__ = ["Simulator", "SimulatorError"]

_ROOT = Path(__file__).resolve().parents[2]
_READY = "Simulator ready: "


class Simulator(Controls):
    """A running simulator: its URL, AWS clients to it, and a method for each control route."""

    def __init__(self, url: str, process: subprocess.Popen[str] | None = None) -> None:
        super().__init__(url)
        self._process = process
        self._session = boto3.session.Session()  # one: it keeps the service models, which are slow
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self._lock = threading.Lock()  # sessions must not make two clients at once

    @classmethod
    def start(cls) -> Self:
        """Start a simulator as a child process, and wait until it serves."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.simulator", "--stop-with-stdin"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,  # Ctrl-C is for whoever has started it, who then stops it
        )
        line = ""
        try:
            line = process.stdout.readline() if process.stdout else ""
        finally:  # where somebody interrupts, too
            if not line.startswith(_READY):
                process.kill()
                process.communicate()
        if not line.startswith(_READY):
            raise SimulatorError(f"The simulator did not start (exit code {process.returncode}).")
        return cls(line.removeprefix(_READY).strip(), process)

    def stop(self) -> None:
        """Stop the process, if this object started it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def __enter__(self) -> Self:
        """Hand the simulator to a with statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it at the end of a with statement."""
        self.stop()

    def client(
        self,
        service: str,
        region: str = accounts.DEFAULT_REGION,
        account: str | None = None,
        **options: Any,
    ) -> Any:
        """Return the one boto3 client of the account's administrator, or another with `options`."""
        where = service, region, account
        if not options and where in self._clients:
            return self._clients[where]
        key = accounts.administrator_key(account or accounts.DEFAULT_ACCOUNT)
        settings = {
            "aws_access_key_id": key.access_key_id,
            "aws_secret_access_key": key.secret_access_key,
            "config": Config(retries={"total_max_attempts": 1}),
        }
        with self._lock:
            made = self._session.client(
                service, region_name=region, endpoint_url=self.url, **(settings | options)
            )
        return made if options else self._clients.setdefault(where, made)

    def environment(
        self, region: str = accounts.DEFAULT_REGION, account: str = accounts.DEFAULT_ACCOUNT
    ) -> dict[str, str]:
        """Environment variables that point any AWS tool at this simulator."""
        return accounts.environment(self.url, region, account)
