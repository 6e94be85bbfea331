"""`pullback serve`: runs a service in the foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pullback_server.service import Config


class _Settings(click.Command):
    """A command whose options are the settings of the service; they are imported when they are needed."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own options, and one for each setting."""
        from pullback_server.service import Config

        own = super().get_params(ctx)
        options = [
            click.Option(
                [f"--{item.name.replace('_', '-')}"],
                type=type(item.default),
                default=item.default,
                envvar=f"PULLBACK_{item.name.upper()}",
                show_default=True,
                show_envvar=True,
                help=item.metadata["doc"],
            )
            for item in Config.flags()
        ]
        return [*options, *own]


@click.command("serve", cls=_Settings)
@click.option("--until-stdin-closes", is_flag=True, help="Drain and end when stdin does, too.")
def serve(until_stdin_closes: bool, **settings: Any) -> None:
    """Answer requests until SIGTERM or SIGINT; calls in flight are finished first.

    One line on stdout, `pullback listening on HOST:PORT`, says that the first worker is ready.
    """
    from pullback_server.service import Config, ConfigError

    try:
        config: Config = Config(**settings)
    except ConfigError as problem:
        raise click.UsageError(str(problem)) from None
    try:
        from pullback_server.service import server
    except ImportError as problem:
        raise click.ClickException(f"{problem.name} is missing: pip install 'pullback[server]'") from None
    try:
        server.run(config, until_stdin_closes=until_stdin_closes, announce=_announce)
    except server.ServeError as problem:
        raise click.ClickException(str(problem)) from None


def _announce(line: str) -> None:
    print(line, flush=True)
