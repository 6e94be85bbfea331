"""`pullback token`: makes a token for a client, and the line by which a service recognizes it."""

from __future__ import annotations

import click


@click.command(short_help="Make a token for a client of a service.")
@click.argument("name")
def token(name: str) -> None:
    """Make a token for the client of that NAME, and the line for the service's token file.

    The token goes to standard output and is kept nowhere; the line, which holds only its hash, to standard error:

    \b
    pullback token alice 2>> tokens > alice.token
    """
    from pullback_server.service.front.tokens import TokenError, make

    try:
        secret, line = make(name)
    except TokenError:
        raise click.UsageError(f"{name!r} is not a valid name: use letters, digits and . _ @ -, at most 64") from None
    click.echo(line, err=True)
    click.echo(secret)
