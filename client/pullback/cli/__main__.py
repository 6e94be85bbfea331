"""Runs the command `pullback` as `python -m pullback.cli`."""

from . import main

main(prog_name="pullback")
