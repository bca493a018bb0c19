"""Tool: renews the hash-pinned lock files from tools/locks/*.in."""

import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent / "locks"
# In this order: dev first, for those that share its environment or its code take their versions
# from it.
LOCKS = (
    ("dev", None),
    ("demo", "dev.txt"),
    ("bench", "dev.txt"),
    ("checkov", None),
    ("rdk", "dev.txt"),
    ("awscli", None),
    ("authorization", None),
)


def main() -> None:
    """Compile each lock file with uv, which writes neither local paths nor index addresses."""
    uv = Path(sys.executable).with_name("uv")
    for name, constraint in LOCKS:
        command = [str(uv), "pip", "compile", "--quiet", "--upgrade", "--universal",
                   "--python-version", "3.11", "--generate-hashes", "--no-header",
                   f"{name}.in", "--output-file", f"{name}.txt"]  # fmt: skip
        command += ["--constraint", constraint] if constraint else []
        subprocess.run(command, cwd=REQUIREMENTS, check=True)
        print(f"tools/locks/{name}.txt")


if __name__ == "__main__":
    main()
