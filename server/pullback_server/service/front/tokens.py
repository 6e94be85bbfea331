"""Who may call: bearer tokens, of which a file holds the names and the hashes, and nothing holds the tokens."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from ..protocol.errors import FailureReason
from .watched_files import WatchedFiles

_log = logging.getLogger(__name__)

#: Random bytes in a token: nobody guesses them, so a plain SHA-256 protects them as well as a slow hash would.
RANDOM_BYTES = 32

_LINE = re.compile(r"(?P<name>[\w.@-]{1,64}) sha256:(?P<digest>[0-9a-f]{64})")
_BEARER = "bearer "
_LONGEST = 4096


class TokenError(ValueError):
    """A file of tokens that cannot be read; the message names the line and says what would be accepted."""


class UnknownBearer(Exception):
    """A caller without a token that counts."""

    def __init__(self, reason: FailureReason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


def make(name: str) -> tuple[str, str]:
    """A new token, and the line for the file that lets its bearer in under that name.

    >>> token, line = make("alice")
    >>> parse(line)[0][0], len(token) > 40
    ('alice', True)
    """
    token = secrets.token_urlsafe(RANDOM_BYTES)
    line = f"{name} sha256:{hashlib.sha256(token.encode()).hexdigest()}"
    parse(line)
    return token, line


def parse(text: str) -> tuple[tuple[str, bytes], ...]:
    """The names and digests of a file, without empty lines and those that begin with #. Raises TokenError."""
    bearers = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise TokenError(f"line {number} of the token file is not `NAME sha256:DIGEST`; `pullback token` makes one")
        bearers.append((match["name"], bytes.fromhex(match["digest"])))
    names = [name for name, _ in bearers]
    if len(set(names)) < len(names):
        raise TokenError(f"the token file names {next(n for n in names if names.count(n) > 1)} twice")
    if not bearers:
        raise TokenError("the token file holds no token, so that nobody could call")
    return tuple(bearers)


class Tokens:
    """The tokens of a file, read again when it changes; where it then cannot be read, the previous ones stay.

    Raises OSError and TokenError where the file cannot be read at first.
    """

    def __init__(self, path: str) -> None:
        self._file = WatchedFiles((path,))
        self._bearers = parse(Path(path).read_text())

    def name(self, token: str) -> str | None:
        """The name under which a token is known, or None; it takes the same time whichever it is."""
        self._reload()
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        match = None
        for name, known in self._bearers:
            if hmac.compare_digest(digest, known):
                match = name
        return match

    def _reload(self) -> None:
        if not self._file.have_changed():
            return
        try:
            self._bearers = parse("".join(path.read_text() for path in self._file.paths))
            _log.info("the token file has changed: %d clients may call", len(self._bearers))
        except (OSError, TokenError) as problem:
            _log.error("the token file has changed and cannot be read; the previous tokens stay: %s", problem)


def bearer_name(headers: Sequence[str | bytes], tokens: Tokens | None) -> str:
    """The name of the bearer in the only authorization header; empty where no tokens are set and there is no header.

    Raises UnknownBearer with the reason. Where no tokens are set, a token is refused too: its bearer relies on it.
    """
    if not headers:
        if tokens is None:
            return ""
        raise UnknownBearer(FailureReason.NO_TOKEN)
    if len(headers) > 1:
        raise UnknownBearer(FailureReason.SEVERAL_TOKENS)
    header = headers[0]
    text = header if isinstance(header, str) else header.decode(errors="replace")
    if not text.strip():
        raise UnknownBearer(FailureReason.NO_TOKEN)
    if text[: len(_BEARER)].lower() != _BEARER or len(text) > _LONGEST:
        raise UnknownBearer(FailureReason.UNKNOWN_TOKEN)
    name = tokens.name(text[len(_BEARER) :].strip()) if tokens is not None else None
    if name is None:
        raise UnknownBearer(FailureReason.UNKNOWN_TOKEN)
    return name
