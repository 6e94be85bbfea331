"""The kept corpus, a line an entry, and the folders of files that the fuzzer takes and gives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from pullback.v1 import derivative_pb2 as wire
from pullback_server.operators import TABLE

from tests.hostile_lines import CASES, body_of

from .targets import TYPES

FOLDER = Path(__file__).parent / "corpus"
#: Longer entries teach the fuzzer little, and slow it down; of the others so many of the shortest are kept.
LONGEST, MOST = 400, 500


def kept(target: str) -> list[bytes]:
    """The entries that are kept for a target."""
    lines = (FOLDER / f"{target}.jsonl").read_text().splitlines()
    return [json.loads(line).encode("latin-1") for line in lines]


def keep(target: str, entries: Iterable[bytes]) -> None:
    """Keeps the shortest of these entries for a target; each byte is written as the character with that code."""
    shortest = sorted((entry for entry in entries if len(entry) <= LONGEST), key=lambda entry: (len(entry), entry))
    lines = [json.dumps(entry.decode("latin-1")) for entry in shortest[:MOST]]
    (FOLDER / f"{target}.jsonl").write_text("".join(f"{line}\n" for line in lines))


def seeds(target: str) -> list[bytes]:
    """Where fuzzing begins: the hostile corpus and the operators' own samples, as the target takes them."""
    match target:
        case "expression":
            samples = [text for row in TABLE for text in (*row.samples, *row.error_inputs, f"{row.name}(x)")]
            return [text.encode(errors="replace") for text in (*(line["expression"] for line in CASES), *samples)]
        case "request":
            return [body for line in CASES if len(body := body_of(line)) <= 2000]
        case "stream_request":
            return [_in_stream(body) for body in seeds("request")]
        case _:
            raise ValueError(f"there is no target {target}")


def words() -> str:
    """A dictionary of the language for the fuzzer: its operators, words and operator symbols."""
    names = {name for row in TABLE for name in (row.name, *row.aliases)}
    marks = ("**", "==", "[", "]", "(", ")", "dim=0", "keepdim=True", "torch.", ".T", ".shape[0]", "\\x0a", "pi", "e")
    return "".join(f'"{word}"\n' for word in (*sorted(names), *TYPES, *marks))


def unpack(entries: Iterable[bytes], folder: Path) -> None:
    """Writes each entry as a file of its own."""
    for entry in entries:
        (folder / hashlib.sha1(entry).hexdigest()).write_bytes(entry)


def _in_stream(body: bytes) -> bytes:
    """The bytes of a stream's message around those of a request, sound or not."""
    head = wire.DifferentiateManyRequest.DESCRIPTOR.fields_by_name["request"].number << 3 | 2
    length, size = b"", len(body)
    while size > 127:
        length, size = length + bytes((size & 127 | 128,)), size >> 7
    return bytes((head,)) + length + bytes((size,)) + body
