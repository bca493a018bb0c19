"""Simulator: CloudFormation: moto's API over our own way of checking and making stacks.

| module | what it does |
|---|---|
| `template`, `template_intrinsics` | reads a template, its parameters and its functions |
| `template_evaluation` | a template with its parameters' values, checked before anything is made |
| `api` | the operations on stacks and change sets |
| `runs` | makes, changes and removes a stack's resources, and rolls back |
| `types` | the resource types, each made by its service's own API, as in AWS |
"""

from tools.simulator.cloudformation.api import install

__all__ = ["install"]
