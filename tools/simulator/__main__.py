"""Simulator: the command line, `python -m tools.simulator`."""

from __future__ import annotations

import argparse
import sys

from tools.simulator.server import PortInUseError, serve


def main() -> int:
    """Serve until stopped; 2 if the port cannot be had."""
    parser = argparse.ArgumentParser(prog="simulator", description="AWS on this machine.")
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on (default: a free one)"
    )
    parser.add_argument(
        "--stop-with-stdin", action="store_true", help="also stop when standard input closes"
    )
    options = parser.parse_args()
    try:
        serve(options.port, stop_with_stdin=options.stop_with_stdin)
    except PortInUseError as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
