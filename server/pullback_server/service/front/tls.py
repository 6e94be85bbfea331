"""TLS from files, which are read again when they change, and the check of who could reach the service."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

import grpc

from ..config import Config, ConfigError, on_loopback
from .watched_files import WatchedFiles

_log = logging.getLogger(__name__)


def check_exposure(config: Config) -> None:
    """Raises ConfigError where strangers could reach or overhear the service and no setting allows it."""
    if bool(config.tls_certificate) != bool(config.tls_key):
        raise ConfigError("tls_certificate and tls_key go together; one of them is not set")
    if config.tls_client_ca and not config.tls_certificate:
        raise ConfigError("tls_client_ca needs tls_certificate and tls_key")
    if on_loopback(config.host):
        return
    reached = f"host is {config.host}, which others can reach"
    if not config.tls_certificate and not config.allow_plaintext:
        remedy = "set --tls-certificate and --tls-key, or --allow-plaintext"
        raise ConfigError(f"{reached}, and there is no TLS: {remedy}")
    if not (config.token_file or config.tls_client_ca or config.allow_anonymous):
        remedy = "set --token-file or --tls-client-ca, or --allow-anonymous"
        raise ConfigError(f"{reached}, and anybody could call: {remedy}")


def server_credentials(config: Config) -> grpc.ServerCredentials | None:
    """The credentials of the port, None for plain text.

    Each handshake uses the files as they are then; where they cannot be used, the previous ones stay. Raises
    ConfigError where they cannot be used at first.
    """
    if not config.tls_certificate:
        return None
    paths = [path for path in (config.tls_certificate, config.tls_key, config.tls_client_ca) if path]
    watched = WatchedFiles(paths)
    first = _load(config)

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        if not watched.have_changed():
            return None
        try:
            configuration = _load(config)
        except ConfigError as problem:
            _log.error("the TLS files have changed and cannot be used; the previous ones stay: %s", problem)
            return None
        _log.info("the TLS files have changed and are used")
        return configuration

    require_client = bool(config.tls_client_ca)
    return grpc.dynamic_ssl_server_credentials(first, fetch, require_client)  # type: ignore[arg-type]  # None keeps it


def _load(config: Config) -> grpc.ServerCertificateConfiguration:
    """The files as they are; raises ConfigError that names the setting whose file is wrong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(config.tls_certificate, config.tls_key, password=lambda: b"")
    except (OSError, ssl.SSLError) as problem:
        files = f"tls_certificate {config.tls_certificate} and tls_key {config.tls_key}"
        raise ConfigError(f"{files} are not a certificate with its key in PEM: {problem}") from None
    authorities = None
    if config.tls_client_ca:
        try:
            context.load_verify_locations(config.tls_client_ca)
            authorities = Path(config.tls_client_ca).read_bytes()
        except (OSError, ssl.SSLError) as problem:
            raise ConfigError(f"tls_client_ca {config.tls_client_ca} holds no certificate in PEM: {problem}") from None
    pair = (Path(config.tls_key).read_bytes(), Path(config.tls_certificate).read_bytes())
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=authorities)
