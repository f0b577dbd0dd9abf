"""Which prompts of a batch begin alike, and how long."""

from collections.abc import Sequence

Tokens = tuple[int, ...]


def shared_length(one: Tokens, other: Tokens) -> int:
    """How many tokens two sequences have in common at their beginning."""
    shortest = min(len(one), len(other))
    if one[:shortest] == other[:shortest]:
        return shortest
    return next(n for n in range(shortest) if one[n] != other[n])


def groups_by_prefix(prompts: Sequence[Tokens]) -> list[tuple[list[int], int]]:
    """Prompts that are worth computing together.

    In sorted order neighbours share most. A prompt joins the group before it as long as the group's common
    beginning stays at least half as long; where it would not, another persona begins.

    Args:
        prompts: at least one token each.

    Returns:
        Groups as (indices into ``prompts``, length of their common beginning). The beginning is shorter than
        each of the group's prompts, so that every prompt has a last token of its own to read.
    """
    groups: list[tuple[list[int], int]] = []
    for index in sorted(range(len(prompts)), key=prompts.__getitem__):
        prompt = prompts[index]
        if groups:
            members, length = groups[-1]
            common = min(length, shared_length(prompts[members[-1]], prompt), len(prompt) - 1)
            if common > 0 and 2 * common >= length:
                groups[-1] = ([*members, index], common)
                continue
        groups.append(([index], len(prompt) - 1))
    return groups
