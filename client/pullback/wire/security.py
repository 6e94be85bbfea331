"""How a connection is secured: TLS from files, and the token that says who calls."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import grpc

Metadata = tuple[tuple[str, str], ...]

_LOOPBACK = ("127.", "localhost", "[::1]", "ipv4:127.", "ipv6:[::1]", "ipv6:%5B::1%5D", "dns:localhost", "unix:")


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """TLS with files in PEM.

    `ca` holds the authorities that the service's certificate is checked against, those that gRPC comes with where it is
    not given; `certificate` and `key` are the client's own, for a service that requires them; `name` is the name that
    the service's certificate is made out to, where that is not the target's host.

    >>> TlsFiles(ca="ca.pem").certificate is None
    True
    """

    ca: str | PathLike[str] | None = None
    certificate: str | PathLike[str] | None = None
    key: str | PathLike[str] | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together; one of them is not given")

    def credentials(self) -> grpc.ChannelCredentials:
        """What gRPC secures a channel with; raises OSError where a file cannot be read."""
        paths = self.ca, self.key, self.certificate
        ca, key, certificate = (None if path is None else Path(path).read_bytes() for path in paths)
        return grpc.ssl_channel_credentials(ca, key, certificate)

    def options(self) -> list[tuple[str, str | int]]:
        """The options that a channel needs beside its credentials."""
        return [] if self.name is None else [("grpc.ssl_target_name_override", self.name)]


def on_loopback(target: str) -> bool:
    """Whether a target is on this machine, so that nobody else hears what is said.

    >>> on_loopback("localhost:50051"), on_loopback("ipv4:127.0.0.1:1,127.0.0.1:2"), on_loopback("example.org:50051")
    (True, True, False)
    """
    return target.startswith(_LOOPBACK)


def security_of(target: str, token: str | None, tls: TlsFiles | bool | None) -> tuple[TlsFiles | None, Metadata]:
    """The TLS of a connection, None for a plain one, and the metadata of its calls.

    True is TLS with the authorities that gRPC comes with; False is a plain connection, by name; None is one too, but a
    token goes over it to this machine only. Raises ValueError for a token that others could read or that is not valid.

    >>> security_of("localhost:50051", "secret", None)
    (None, (('authorization', 'Bearer secret'),))
    """
    if token is not None and not (token.isascii() and token.isprintable() and token.strip() == token and token):
        raise ValueError("a token is printable ASCII without spaces around it")
    files = TlsFiles() if tls is True else tls or None
    if token is not None and files is None and tls is not False and not on_loopback(target):
        raise ValueError(f"a token would go to {target} in plain text; give tls=True or TlsFiles, or say tls=False")
    return files, () if token is None else (("authorization", f"Bearer {token}"),)
