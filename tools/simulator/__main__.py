"""Simulator: the command line, `python -m tools.simulator`."""

import argparse
import sys

from tools import program

_HIGHEST_PORT = 65535


def main() -> int:
    """Serve until stopped; 2 if the port cannot be had."""
    program.end_quietly()
    parser = program.Parser(prog="simulator", description="AWS on this machine.")
    parser.add_argument(
        "--port", type=_port, default=0, help="port to listen on (default: a free one)"
    )
    parser.add_argument(
        "--stop-with-stdin", action="store_true", help="also stop when standard input closes"
    )
    options = parser.parse_args()
    program.ignore_aws_settings()
    # It takes seconds, and looks at the environment.
    from tools.simulator.server import PortInUseError, serve  # noqa: PLC0415

    try:
        serve(options.port, stop_with_stdin=options.stop_with_stdin)
    except PortInUseError as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no port, which is a number up to {_HIGHEST_PORT}; 0 takes a free one"
        )
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
