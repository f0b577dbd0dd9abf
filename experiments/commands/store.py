"""``value-personas store``: what was ever paid for."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from value_personas.experiments.commands.options import JsonOption, give, say

if TYPE_CHECKING:
    from value_personas.experiments.answer_store import AnswerStore

app = typer.Typer(help="Look into the answer store, check it, export it, prune it.", no_args_is_help=True)

Workspace = Annotated[Path, typer.Option(help="The folder of everything kept.")]
Store = Annotated[str | None, typer.Option(help="The store itself: a file or a database URL.")]

_WORKSPACE = Path(".value-personas")


@app.command()
def info(workspace: Workspace = _WORKSPACE, store: Store = None, as_json: JsonOption = False) -> None:
    """How many replies, of which engines and models, and how many tokens they took."""
    from value_personas.experiments.answer_store.contents import info as count

    with _open(workspace, store) as opened:
        found = count(opened)
    give(found.as_dict(), _print_info, as_json, _next("verify", workspace, store))


def _print_info(found: dict[str, Any]) -> None:
    size = "" if found["bytes"] is None else f", {found['bytes'] / 1e6:.1f} MB"
    say(f"{found['place']}: {found['replies']:,} replies{size}, schema {found['schema']}")
    say(f"tokens: {found['input_tokens']:,} read, {found['output_tokens']:,} written")
    say(f"{found['texts']:,} texts of prompts, {found['leases']} keys being asked now")
    if found["requested"]:
        say(f"{found['requested']:,} requests of batches whose answers are not here yet")
    for row in found["by_model"]:
        say(f"{row['replies']:>10,}  {row['model']}  ({row['engine']})")


@app.command()
def verify(workspace: Workspace = _WORKSPACE, store: Store = None, as_json: JsonOption = False) -> None:
    """Check every reply against its key, and the file itself. Exit code 1 when something is wrong."""
    from value_personas.experiments.answer_store.contents import verify as check

    with _open(workspace, store) as opened:
        problems = check(opened)
    said = "\n".join(problems) or "all replies match their keys"
    then = _next("info" if problems else "export answers.parquet", workspace, store)
    give({"problems": problems}, lambda _: say(said), as_json, then)
    raise typer.Exit(1 if problems else 0)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The Parquet file to write.")],
    workspace: Workspace = _WORKSPACE,
    store: Store = None,
    as_json: JsonOption = False,
) -> None:
    """Write every reply with its prompt, probabilities, tokens and latency to a Parquet file."""
    from value_personas.experiments.answer_store.export import export as write

    with _open(workspace, store) as opened:
        count = write(opened, file)
    said = f"{count:,} replies in {file}"
    then = _next("info", workspace, store)
    give({"replies": count, "file": str(file)}, lambda _: say(said), as_json, then)


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Files of results, as a server or vllm wrote them.")],
    workspace: Workspace = _WORKSPACE,
    store: Store = None,
    as_json: JsonOption = False,
) -> None:
    """Keep answers to what --batch wrote down: in any order, twice, in part, with errors among them."""
    from value_personas.experiments.answer_store.batches import Imported, import_results, lines_of

    imported = Imported()
    with _open(workspace, store) as opened:
        for file in files:
            import_results(opened, lines_of(file), imported)
    then = "the command that wrote the requests: it goes on with these answers"
    give(imported.as_dict(), lambda _: say(str(imported)), as_json, then)
    raise typer.Exit(0 if imported.answers or imported.stored or imported.errors else 1)


@app.command()
def prune(
    workspace: Workspace = _WORKSPACE,
    store: Store = None,
    engine: Annotated[str | None, typer.Option(help="Only engines whose identity contains this.")] = None,
    older_than_days: Annotated[
        float | None, typer.Option(help="Only replies older than this.", min=0)
    ] = None,
    missing: Annotated[
        bool,
        typer.Option(
            "--missing", help="Only replies that hold no answer: an error, thinking alone, or nothing."
        ),
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All replies.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove replies for good. What is removed will be paid for again when it is asked again.

    Replies that are words, but no answer on their page, are asked anew by ``run --ask-again REASON``.
    """
    from value_personas.experiments.answer_store.contents import prune as remove
    from value_personas.signatures import StoreError

    if engine is None and older_than_days is None and not missing and not everything:
        raise StoreError(
            "store prune: say what to remove with --engine, --older-than-days, --missing or --all"
        )
    which = " that hold no answer" if missing else ""
    with _open(workspace, store) as opened:
        if not yes:
            typer.confirm(f"Remove replies{which} from {opened.place} for good?", abort=True, err=True)
        count = remove(opened, engine, older_than_days, missing=missing)
    said = f"{count:,} replies{which} removed"
    give({"removed": count}, lambda _: say(said), as_json, _next("info", workspace, store))


def _next(verb: str, workspace: Path, store: str | None) -> str:
    """A command on the same store."""
    from value_personas.experiments.workspace.passwords import without_passwords

    named = ["--store", without_passwords(store)] if store else ["--workspace", str(workspace)]
    return f"value-personas store {verb} {shlex.join(map(str, named))}"


def _open(workspace: Path, store: str | None) -> "AnswerStore":
    """The store that is named, or the workspace's; never a new one."""
    from value_personas.experiments.answer_store import AnswerStore

    location = store or workspace.expanduser().resolve() / "answers.db"
    return AnswerStore(location, create=False)
