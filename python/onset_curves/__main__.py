"""The program `onset`, as the package installs it."""

from __future__ import annotations

import signal
import sys

from . import _core


def main() -> int:
    """Runs the program with the arguments of the process."""
    # The program answers Ctrl-C itself; Python's handler would wait for it to end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _core.main(["onset", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
