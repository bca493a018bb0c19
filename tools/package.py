"""Tool: builds the Lambda zip, the same bytes from the same sources on any machine.

Usage: python -m tools.package [FOLDER]   (default: dist)
"""

import hashlib
import sys
import zipfile
from importlib.metadata import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULE = ROOT / "rules" / "EMR_IN_TRANSIT_ENCRYPTION"
NAME = "emr-in-transit-encryption"
# The oldest time that a zip can hold; a real one would make every build different.
EPOCH = (1980, 1, 1, 0, 0, 0)
# What the zip carries of others, by distribution: pure Python, with its licences. The last two are
# for certificate bundles, and imported only where the functions look at those.
LIBRARIES = ("rdklib", "pyasn1", "pyasn1_modules")
LICENCES = ("LICENSE", "LICENSE.rst", "LICENSE.txt", "NOTICE")
# Of the schemas of 130 RFCs, those of certificates alone: all would make the zip twice as large.
SCHEMAS = ("__init__.py", "rfc3279.py", "rfc5280.py")


def build(folder: Path) -> Path:
    """Write the zip into the folder and return its path; its name holds the contents' digest."""
    members = contents()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}-{_digest(members)}.zip"
    # Stored, not compressed: compressed bytes differ between versions of zlib.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(members.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, whatever the machine
            archive.writestr(entry, content)
    return path


def contents() -> dict[str, bytes]:
    """Return what the zip holds, by name: the rule, its libraries, and the licences of all."""
    members = {path.relative_to(RULE).as_posix(): path.read_bytes() for path in rule_files()}
    members["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    for library in LIBRARIES:
        members |= _library(library)
    return members


def _library(name: str) -> dict[str, bytes]:
    """Return the modules of an installed library, and its licences beside them."""
    members = {}
    for path in files(name) or []:
        is_module = path.parts[0] == name and path.suffix == ".py"
        if is_module and (name != "pyasn1_modules" or path.name in SCHEMAS):
            members[path.as_posix()] = path.read_binary()
        elif path.name in LICENCES:
            members[f"{name}/{path.name}"] = path.read_binary()
    return members


def rule_files() -> list[Path]:
    """Return the files of the rule: its modules, the tables that they read, and the type marker."""
    return sorted(path for name in ("*.py", "*.csv", "py.typed") for path in RULE.rglob(name))


def _digest(members: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(members.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def main() -> None:
    """Build the zip into the folder that is named, and print its path."""
    try:
        built = build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
    except OSError as error:
        sys.exit(f"Cannot build the zip: {error.strerror}: {error.filename}")
    print(f"{built} ({built.stat().st_size / 1024:.0f} KiB)")


if __name__ == "__main__":
    main()
