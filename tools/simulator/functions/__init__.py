"""Simulator: AWS Lambda. Functions run: the deployed zip, in a process of its own.

| module | what it does |
|---|---|
| `api` | Lambda's API: functions that run, what moto forgets, what Lambda refuses |
| `runs` | one invocation; an event with its retries and its dead letters; who may invoke; the log |
| `process`, `child` | the process, from outside, kept warm, and from inside |
| `code` | zips and layers, and the libraries of Lambda's runtime |
"""

from tools.simulator.functions.runs import Invocation, invoke_async, may_invoke

__all__ = ["Invocation", "invoke_async", "may_invoke"]
