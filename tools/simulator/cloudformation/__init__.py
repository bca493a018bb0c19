"""Simulator: CloudFormation: moto's API over our own way of checking and making stacks.

| module | what it does |
|---|---|
| `template`, `template_intrinsics`, `template_parameters` | reads a template and its parts |
| `template_evaluation` | a template with its parameters' values, checked before anything is made |
| `api`, `change_sets` | the operations |
| `runs` | makes, changes and removes a stack's resources, and rolls back |
| `types` | the resource types, each made by its service's own API, as in AWS |
"""

from tools.simulator.cloudformation.api import install

__all__ = ["install"]
