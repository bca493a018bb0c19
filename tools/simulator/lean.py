"""Simulator: moto's heavy imports made light, which halves the time to start.

CloudFormation imports nearly every service of moto. Three of them spend about a second and a half
on data that nothing here asks for: EC2's Regions and instance types, and a validator of OpenAPI
documents. They are imported here, first, while stand-ins are in their way.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3
import moto.utilities.utils as moto_utilities

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENAPI = ("openapi_spec_validator", "openapi_spec_validator.validation")
_OPENAPI_ERRORS = "openapi_spec_validator.validation.exceptions"


@functools.cache
def install() -> None:
    """Import moto's heavy services without their ballast."""
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with _one_session(), _no_instance_types(), _no_openapi():
        importlib.import_module("moto.cloudformation.models")


@contextlib.contextmanager
def _one_session() -> Iterator[None]:
    """EC2 makes three boto3 sessions to list Regions: give it the same one each time."""
    original, session = boto3.Session, boto3.Session()
    boto3.Session = lambda: session  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        boto3.Session = original  # type: ignore[misc]


@contextlib.contextmanager
def _no_instance_types() -> Iterator[None]:
    """EC2 reads 200 files of instance types: give it none."""
    original = moto_utilities.load_resource

    def load_resource(name: str) -> Any:
        if name.startswith("ec2/resources/instance_type"):
            return {} if name.endswith("instance_types.json") else []
        return original(name)

    moto_utilities.load_resource = load_resource
    try:
        yield
    finally:
        moto_utilities.load_resource = original


@contextlib.contextmanager
def _no_openapi() -> Iterator[None]:
    """API Gateway imports a validator, to use it on documents that nobody brings."""
    if _OPENAPI[0] in sys.modules:
        yield
        return
    names = (*_OPENAPI, _OPENAPI_ERRORS)
    sys.modules.update({name: ModuleType(name) for name in names})
    vars(sys.modules[_OPENAPI[0]])["validate"] = None
    vars(sys.modules[_OPENAPI_ERRORS])["OpenAPIValidationError"] = ValueError
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
