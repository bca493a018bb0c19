"""Simulator: a Lambda function's code and layers on disk, and the libraries of Lambda's runtime."""

import atexit
import functools
import hashlib
import importlib.util
import io
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path

from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend

# What Lambda's Python runtime offers besides the standard library: boto3 and what it needs.
RUNTIME_MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")

_lock = threading.Lock()


@functools.cache
def _root() -> Path:
    root = Path(tempfile.mkdtemp(prefix="simulator-lambda-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def runtime_directory() -> Path:
    """Return a directory that offers the runtime's libraries and nothing else."""
    with _lock:
        directory = _root() / "runtime"
        for name in [] if directory.exists() else RUNTIME_MODULES:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.origin is None:
                raise ModuleNotFoundError(f"Lambda's runtime offers {name}: it is not installed.")
            origin = Path(spec.origin)
            source = origin.parent if origin.name == "__init__.py" else origin
            directory.mkdir(exist_ok=True)
            (directory / source.name).symlink_to(source)
    return directory


def unpack(content: bytes) -> Path:
    """Return the directory that holds this zip's files; the same zip is unpacked once."""
    name = hashlib.sha256(content).hexdigest()
    with _lock:
        directory = _root() / name
        if not directory.exists():
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(directory)
    return directory


def layer_paths(function: LambdaFunction) -> list[Path]:
    """Return the directories that the function's layers put on Python's path, in Lambda's order."""
    backend = get_backend(function.account_id, function.region)
    paths = []
    for layer in reversed(function.layers):  # a later layer overlays an earlier one
        version = backend.layers_versions_by_arn(layer["Arn"])
        if version is not None:
            root = unpack(version.code_bytes) / "python"
            paths += [*root.glob("lib/python3.*/site-packages"), root]
    return paths
