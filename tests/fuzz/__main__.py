"""Fuzzes every target for its share of the time and prints what was tried; the exit code is 1 where one failed."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .corpus import keep, kept, seeds, unpack, words
from .targets import TARGETS

#: Seconds after which an entry counts as a hang, and MiB after which it counts as a bomb.
HANG, BOMB = 10, 3072
TOP = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """The figures of one target."""

    target: str
    runs: int
    seconds: float
    edges: int
    corpus: int
    failure: str


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 where every entry was understood or refused."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long, for all targets together (default 10)")
    parser.add_argument("--keep", action="store_true", help="keep the entries that reach something new in the corpus")
    chosen = parser.parse_args(arguments)
    failed = False
    seconds = max(1, round(chosen.minutes * 60 / len(TARGETS)))
    for target in TARGETS:
        result = fuzz(target, f"-max_total_time={seconds}", chosen.keep)
        print(
            f"{target:15} {result.runs:9,} runs in {result.seconds:4.0f} s, {result.edges} edges reached, "
            f"{result.corpus} entries, {'FAILED' if result.failure else 'nothing escaped, crashed or hung'}",
            flush=True,
        )
        if result.failure:
            print(result.failure)
        failed |= bool(result.failure)
    return int(failed)


def fuzz(target: str, limit: str, keeping: bool = False) -> Result:
    """Fuzzes one target from the kept corpus, in another process, up to libFuzzer's limit, such as `-runs=3000`."""
    with tempfile.TemporaryDirectory(prefix="pullback-fuzz-") as name:
        new, start = Path(name, "new"), Path(name, "start")
        for folder in (new, start):
            folder.mkdir()
        unpack([*kept(target), *seeds(target)], start)
        dictionary = Path(name, "words")
        dictionary.write_text(words())
        done = _libfuzzer(
            target, limit, f"-timeout={HANG}", f"-rss_limit_mb={BOMB}",
            "-max_len=4096", f"-dict={dictionary}", f"-artifact_prefix={name}/failed-", "-print_final_stats=1",
            str(new), str(start),
        )  # fmt: skip
        artifacts = sorted(Path(name).glob("failed-*"))
        failures = [f"{path.name}: {path.read_bytes()[:2000]!r}" for path in artifacts] or [""] * bool(done.returncode)
        if keeping and not failures:
            keep(target, {*kept(target), *(path.read_bytes() for path in new.iterdir())})
        return Result(
            target=target,
            runs=_number(r"stat::number_of_executed_units:\s*(\d+)", done.stderr),
            seconds=_number(r"Done \d+ runs in (\d+)", done.stderr),
            edges=_number(r"cov: (\d+)", done.stderr),
            corpus=_number(r"corp: (\d+)", done.stderr),
            failure="\n".join([done.stdout[-4000:] + done.stderr[-4000:], *failures]) if failures else "",
        )


def _libfuzzer(target: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "tests.fuzz.run", target, *arguments)
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, cwd=TOP)


def _number(pattern: str, text: str) -> int:
    matches = re.findall(pattern, text)
    return int(matches[-1]) if matches else 0


if __name__ == "__main__":
    sys.exit(main())
