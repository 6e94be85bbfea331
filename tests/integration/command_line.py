"""The command `pullback` in a process of its own, and a run of `pullback grade` in a folder with its files."""

import json
import subprocess
import sys

from click.testing import CliRunner
from pullback.cli import main
from waiting import PATIENCE, eventually

COMMAND = (sys.executable, "-m", "pullback.cli")


def shell(*words):
    return subprocess.run((*COMMAND, *words), capture_output=True, text=True, check=False)


class Batch:
    """The files of a run, whose lines may be written at once, and the command with its options."""

    def __init__(self, folder, *options, lines=None, name="answers.jsonl", out="grades.jsonl"):
        answers, self.grades, self.journal = folder / name, folder / out, folder / f"{out}.journal"
        if lines is not None:
            answers.write_text("".join(f"{line}\n" for line in lines))
        self._words = ("grade", str(answers), "--out", str(self.grades), *options)

    def run(self):
        return CliRunner().invoke(main, self._words)

    def start(self, **options):
        """The command in a process of its own."""
        return subprocess.Popen((*COMMAND, *self._words), text=True, **options)

    def wait_for(self, count, seconds=PATIENCE):
        """Waits until more than so many lines are in the journal."""
        eventually(lambda: self.journal.exists() and self.journal.read_bytes().count(b"\n") > count, seconds)

    def rows(self):
        return [json.loads(line) for line in self.grades.read_text().splitlines()]
