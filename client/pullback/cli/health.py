"""`pullback health`: whether a service is serving, as an exit code, for those who watch over containers."""

from __future__ import annotations

import click
import grpc

from ..channel import channel_options

#: HealthCheckResponse with the status SERVING, of the standard health service.
_SERVING = b"\x08\x01"


@click.command("health", short_help="Exit with 0 where a service is serving.")
@click.option("--port", envvar="PULLBACK_HEALTH_PORT", default=50052, show_default=True, help="Its port for probes.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Its address for probes.")
@click.option("--timeout", default=3.0, show_default=True, help="Seconds to wait for an answer.")
def health(port: int, host: str, timeout: float) -> None:
    """Exit with 0 where a service is serving, with 1 where it says that it is not, and with 3 where there is none.

    This asks the port that `pullback serve --health-port` opens, which takes no credentials.
    """
    target = f"{f'[{host}]' if ':' in host else host}:{port}"
    with grpc.insecure_channel(target, options=channel_options(target)) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check", bytes, bytes)
        try:
            answer = check(b"", timeout=timeout)
        except grpc.RpcError as error:
            click.echo(f"no answer from {target}: {error.code().name}", err=True)
            raise SystemExit(3) from None
    click.echo("serving" if answer == _SERVING else "not serving")
    raise SystemExit(0 if answer == _SERVING else 1)
