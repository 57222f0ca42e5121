"""From a shell: ``explorekit VERB PATH``; every verb but ``serve`` is a method of a study."""

from pathlib import Path

import click

from explorekit.errors import ExplorekitError, StudyError
from explorekit.opening import open as open_study
from explorekit.study_folder import StudyFolder

LOOPBACK = "127.0.0.1"
_PATH = click.argument("path", type=click.Path(exists=True, path_type=Path))


class _Group(click.Group):
    """Shows our errors as messages, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ExplorekitError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="explorekit")
def main() -> None:
    """Look after studies: directories that explorekit keeps results in."""


@main.command(short_help="Read every file, and move damaged ones away.")
@_PATH
@click.option("--dry-run", is_flag=True, help="Only tell what is wrong; move nothing.")
@click.pass_context
def check(context: click.Context, path: Path, *, dry_run: bool) -> None:
    """Read every file of a study, and move damaged ones away; their points are pending again.

    The exit code is 1 if something was found.
    """
    report = _folder(path).check(dry_run=dry_run)
    click.echo(str(report))
    context.exit(0 if report.ok else 1)


@main.command(short_help="Merge many small files into few.")
@_PATH
@click.option(
    "--chunks",
    metavar="DIM=LENGTH",
    multiple=True,
    help="Length of chunks along a dimension, -1 for all of it; for how the results are read. May be repeated.",
)
def compact(path: Path, chunks: tuple[str, ...]) -> None:
    """Merge small shards into larger ones, laid out for reading along any dimension."""
    click.echo(str(_folder(path).compact(dict(map(_chunk, chunks)) or None)))


@main.command()
@_PATH
@click.option("--confirm", metavar="NAME", required=True, help="The name of the study.")
def delete(path: Path, confirm: str) -> None:
    """Delete a study with all that is in it; there is no way back."""
    _folder(path).delete(confirm=confirm)


@main.command(short_help="Show a study in a browser, as an app.")
@_PATH
@click.option("--view", metavar="NAME", help="The marked view to open.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; by default a free one.")
@click.option("--ip", default=LOOPBACK, show_default=True, help="The address to listen at.")
@click.option("--browser/--no-browser", default=True, help="Whether to open a browser here.")
def serve(path: Path, view: str | None, port: int, ip: str, *, browser: bool) -> None:
    """Show the explorer of a study, or of a file that one was exported to, as an app, until Ctrl-C.

    The page is open to this machine alone, and to whoever has the token in its address.
    """
    from explorekit.serving import serve as serve_study

    if ip not in (LOOPBACK, "localhost", "::1"):
        click.echo("What is sent between this machine and others is not encrypted.", err=True)
    try:
        serve_study(path, ip=ip, port=port, view=view, browser=browser, say=click.echo)
    except ImportError as error:
        raise click.ClickException(str(error)) from error


def _chunk(text: str) -> tuple[str, int]:
    dim, _, length = text.rpartition("=")
    try:
        return dim, int(length)
    except ValueError:
        raise click.BadParameter(f"{text!r}; expected a dimension and a length, such as time=100.") from None


def _folder(path: Path) -> StudyFolder:
    study = open_study(path)
    if not isinstance(study, StudyFolder):
        raise StudyError(f"{path} is an exported file; expected a study directory.")
    return study
