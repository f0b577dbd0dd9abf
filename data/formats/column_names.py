"""Column names as files write them, and as codebooks know them."""

import re
from collections.abc import Iterable, Mapping, Sequence

_NAME_AND_LABEL = re.compile(r"^\s*([A-Za-z][\w.]*)\s*:\s*(.*)$", re.DOTALL)


def clean_columns(stored: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str], dict[str, str], int]:
    """Turn headers such as ``Q1: Important in life: Family`` into ``Q1`` and its label.

    A name that occurs again is dropped (the first column keeps it), and so is a column without one.

    Returns:
        The clean names, clean → stored name where they differ, labels, and how many repeats were dropped.
    """
    names: list[str] = []
    original: dict[str, str] = {}
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for text in stored:
        match = _NAME_AND_LABEL.match(text)
        name, label = (match[1], match[2].strip()) if match else (text.strip(), "")
        if not name or name in seen:
            continue
        seen.add(name)
        names.append(name)
        if name != text:
            original[name] = text
        if label:
            labels[name] = label
    named = sum(1 for text in stored if text.strip())
    return tuple(names), original, labels, named - len(names)


def columns_by_role(columns: Iterable[object], names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What a table holds → the column that holds it, whatever its case.

    Args:
        columns: of the table.
        names: role → the names that its column may have, the likelier first.
    """
    folded = {str(name).casefold(): str(name) for name in columns}
    known = {role: [folded[name] for name in wanted if name in folded] for role, wanted in names.items()}
    return {role: found[0] for role, found in known.items() if found}
