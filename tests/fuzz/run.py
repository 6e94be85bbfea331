"""Fuzzes one target in this process, which libFuzzer ends: `python -m tests.fuzz.run TARGET [ITS ARGUMENTS]`."""

from __future__ import annotations

import sys


def main() -> None:
    """Never returns: exit code 0 where the time was over, another where an entry escaped, crashed or hung."""
    import atheris

    with atheris.instrument_imports(include=["pullback_server"]):
        from .targets import TARGETS
    target = TARGETS[sys.argv[1]]
    target(b"x")  # what is imported late is imported now, unwatched
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
