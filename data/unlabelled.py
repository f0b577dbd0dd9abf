"""Columns of which somebody took the labels away, as who recodes answers does."""

from collections import defaultdict
from pathlib import Path

from data.parts import Part, ReadOptions

__all__ = ["direction_notes", "unverified_questions"]


def unverified_questions(parts: list[Part], options: ReadOptions) -> frozenset[str]:
    """Target questions that nothing shows to be stored the codebook's way round, and no user answers for."""
    return frozenset(code for part in parts for code in part.unlabelled if code in part.questions).difference(
        options.reverse, options.accept
    )


def direction_notes(parts: list[Part], options: ReadOptions) -> list[str]:
    """Say of which columns somebody took the labels away: who does that has often recoded the answers."""
    files: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        if part.unlabelled:
            files[", ".join(part.unlabelled)].append(Path(part.source.path).name)
    notes = [
        f"Missing codes of {codes} are labelled in {', '.join(names)} and none of their answers: somebody "
        "recoded them."
        for codes, names in files.items()
    ]
    open_codes = sorted(unverified_questions(parts, options))
    if open_codes:
        notes.append(
            f"Nothing tells which way round {', '.join(open_codes)} are stored, and a target question stops "
            "no run: compare their shares with a published table, then name each with --reverse or --accept."
        )
    return notes
