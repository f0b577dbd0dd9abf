"""Who shares an error among themselves: single value items, or groups of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from value_personas.signatures import Axis, RecipeError, ValueItem

_AXES: Mapping[Axis, str] = {
    "survival_self_expression": "survival – self-expression",
    "traditional_secular": "traditional – secular",
}


@dataclass(frozen=True, slots=True)
class Player:
    """One player; a coalition is a set of them, written as a number with one bit a player.

    Attributes:
        code: an item's code, or a group's name.
        name: for people.
        items: the codes of its items.
        axis: the axis of the cultural map on which all its items lie, if there is one.
    """

    code: str
    name: str
    items: tuple[str, ...]
    axis: Axis | None = None


def choose_players(
    wanted: str | Mapping[str, Sequence[str]], items: Sequence[ValueItem], names: Mapping[str, str]
) -> tuple[Player, ...]:
    """The players of a recipe.

    Args:
        wanted: ``items``, ``axes``, or groups by name.
        items: the items that personas tell of.
        names: item code → its name in a word or three.

    Raises:
        RecipeError: when the groups do not hold every item once, or an item lies on no axis.
    """
    if wanted == "items":
        return tuple(Player(i.code, names.get(i.code, i.code), (i.code,), i.axis) for i in items)
    if isinstance(wanted, str):
        if without := [item.code for item in items if item.axis is None]:
            raise RecipeError(f'shapley.players: item {without[0]} lies on no axis; say players = "items"')
        return _by_axis(items)
    told = [code for group in wanted.values() for code in group]
    if sorted(told) != sorted(item.code for item in items) or not all(wanted.values()):
        raise RecipeError(
            f"shapley.players: the groups must hold each of {', '.join(item.code for item in items)} once, "
            f"got {', '.join(told)}"
        )
    return tuple(_group(name, tuple(codes), items) for name, codes in wanted.items())


def axis_players(players: Sequence[Player]) -> dict[str, tuple[Player, int]]:
    """The two axes as players over the same items: code → player and its coalition of ``players``.

    Empty where a player lies on no axis or on both, or where only one axis is there.
    """
    found: dict[str, tuple[Player, int]] = {}
    for axis, name in _AXES.items():
        of_axis = [i for i, player in enumerate(players) if player.axis == axis]
        items = tuple(code for i in of_axis for code in players[i].items)
        code = axis.replace("_", "-")
        found[code] = Player(code, name, items, axis), sum(1 << i for i in of_axis)
    complete = all(player.axis for player in players) and all(mask for _, mask in found.values())
    return found if complete else {}


def _by_axis(items: Sequence[ValueItem]) -> tuple[Player, ...]:
    groups: dict[Axis, tuple[str, ...]] = {
        axis: tuple(item.code for item in items if item.axis == axis) for axis in _AXES
    }
    return tuple(
        Player(axis.replace("_", "-"), _AXES[axis], codes, axis) for axis, codes in groups.items() if codes
    )


def _group(name: str, codes: tuple[str, ...], items: Sequence[ValueItem]) -> Player:
    axes: set[Axis | None] = {item.axis for item in items if item.code in codes}
    return Player(name, name, codes, axes.pop() if len(axes) == 1 else None)
