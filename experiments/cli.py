"""The command line: parse → recipe → one call → print.

Commands import what they need when they run, so that ``--help`` answers at once.
"""

import atexit
import ctypes
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, NoReturn

from value_personas.experiments import commands
from value_personas.experiments.commands.printing.plain import show_all_signs

_ORDER = (
    "run", "score", "report", "rerun", "export", "recipes", "plan", "power", "survey", "audit",
    "calibrate", "tune", "search", "sweep", "ablate", "shapley", "glossary", "ui", "engine", "inspect",
    "store",
)  # fmt: skip
"""Commands as help lists them, groups of several after the others; one not named here follows by its name."""

_NO_COMMANDS = frozenset({"approval", "asking", "options", "printing"})
"""What commands share; every other file of the folder is a command."""

_NET_ALLOCATIONS = 500_000
"""After so many the young objects are looked through: the libraries are in before it is first done. At
Python's 700 a fifth of all importing, and as much of drawing, went into looking for cycles among objects that
last as long as the command."""

_LARGE = 4 << 20
"""Bytes of memory that go back to the system as soon as they are free."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""As malloc.h numbers them."""

_INTERRUPTED = 130
"""Typer's exit code after Ctrl-C."""


_HELP = "Predict how a country's people would answer a survey question, and how far to trust it."


def _app() -> "typer.Typer":  # type: ignore[name-defined]  # noqa: F821
    import typer

    from value_personas.experiments.commands.options import NamingCommand

    app = typer.Typer(
        name="value-personas",
        help=_HELP,
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def _(
        version: Annotated[
            bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
        ] = False,
    ) -> None:
        """What stands before a command."""

    for name in _commands():
        file = import_module(f"{commands.__name__}.{name}")
        if group := getattr(file, "app", None):
            for one in group.registered_commands:
                one.cls = NamingCommand
            app.add_typer(group, name=name)
        else:
            app.command(name, cls=NamingCommand)(getattr(file, name))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"value-personas {version('value-personas')}\n")
        raise SystemExit(0)


def _commands() -> list[str]:
    """The names of the folder's files: each has a function of its own name, or an ``app`` of several."""
    names = {file.name for file in iter_modules(commands.__path__)} - _NO_COMMANDS
    place = {name: number for number, name in enumerate(_ORDER)}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))


def _refusals() -> tuple[type[Exception], ...]:
    """What the user can put right, a full disk too; imported late, since the package loads NumPy."""
    from value_personas.signatures import ValuePersonasError

    return ValuePersonasError, OSError


def _stop() -> NoReturn:
    sys.stderr.write("\nvalue-personas: stopped; what was answered is stored, the same command goes on\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_INTERRUPTED)  # a cell of a sweep may be scoring in its thread for minutes yet


def _refuse_unreadable_names() -> None:
    """A folder or file whose name is no text here cannot be recorded: that is said before any work."""
    try:
        here = os.path.realpath(".")
    except FileNotFoundError:  # it was deleted: whatever needs it says so
        here = ""
    for name in (here, *sys.argv):
        if any("\ud800" <= sign <= "\udfff" for sign in name):
            shown = name.encode("ascii", "replace").decode()
            sys.stderr.write(
                f"value-personas: {shown}: not readable as {sys.getfilesystemencoding()}; set PYTHONUTF8=1 "
                "(or LC_ALL=C.UTF-8), or give it another name\n"
            )
            sys.exit(2)


def _give_back_memory() -> None:
    """Have the C library give large arrays back as they are freed.

    glibc would keep room for the largest it ever freed, some hundred megabytes of a large run. Elsewhere
    there is no such setting.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _LARGE)


def main() -> None:
    """Entry point of ``value-personas``: bad input is one line on stderr and exit code 2."""
    gc.set_threshold(_NET_ALLOCATIONS, *gc.get_threshold()[1:])
    # Whatever there is at the end ends with the process: to look through millions of objects for cycles once
    # more, as Python does on leaving, took a fifth of the quickstart.
    atexit.register(gc.freeze)
    _give_back_memory()
    # NumPy's matrices are small here: a thread for each core would spin longer than it computes, two of nine
    # seconds of the quickstart on two cores. Nothing has loaded NumPy yet.
    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # LiteLLM and DSPy otherwise fetch a price list from the network on first use.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    show_all_signs()
    try:
        _refuse_unreadable_names()
        _app()()
    except SystemExit as leaving:
        if leaving.code == _INTERRUPTED:
            _stop()
        raise
    except KeyboardInterrupt:  # before Typer is there to take it
        _stop()
    except _refusals() as error:
        from value_personas.experiments.workspace.passwords import in_one_line

        sys.stderr.write(f"value-personas: {in_one_line(error)}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
