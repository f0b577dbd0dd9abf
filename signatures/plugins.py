"""What other distributions add through entry points, beside what the package has itself."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from value_personas.signatures.errors import RecipeError

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Name → thing: the package's own, then what other distributions list under a group of entry points.

    Names are read without executing anything; a thing is loaded once, when it is first looked up. Whatever
    is wrong with one raises a ``RecipeError`` of one line that names its distribution.

    Args:
        group: for example ``value_personas.scores``.
        kind: what a thing must be an instance of; ``type`` for classes.
        own: the package's, in their order.
        base: what classes must derive from.
    """

    def __init__(self, group: str, kind: type[T], own: Mapping[str, T], base: type = object) -> None:
        self._group, self._kind, self.own, self._loaded = group, kind, own, dict(own)
        self._base = base

    @cached_property
    def _points(self) -> dict[str, EntryPoint]:
        points: dict[str, EntryPoint] = {}
        for point in entry_points(group=self._group):
            if point.name in self.own or point.name in points:
                raise self._error(point, "the name is taken already; rename or uninstall it")
            points[point.name] = point
        return points

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            point = self._points[name]
            try:
                thing: Any = point.load()
            except Exception as error:  # noqa: BLE001  a stranger's module may raise anything
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                raise self._error(point, f"cannot be loaded: {reason}; repair or uninstall it") from None
            fits = isinstance(thing, self._kind)
            if not fits:
                raise self._error(
                    point, f"expected an instance of {self._kind.__name__}, got {type(thing).__name__}"
                )
            if isinstance(thing, type) and not issubclass(thing, self._base):
                raise self._error(point, f"expected a class that derives from {self._base.__qualname__}")
            self._loaded[name] = thing
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*self.own, *self._points))

    def __len__(self) -> int:
        return len(self.own) + len(self._points)

    def nearest(self, name: str) -> str:
        """What a refusal of a name ends with: the nearest, and all there are."""
        near = get_close_matches(name, list(self), n=1, cutoff=0.6)
        return f"{f'did you mean {near[0]}? There' if near else 'there'} are {', '.join(self)}"

    def _error(self, point: EntryPoint, what: str) -> RecipeError:
        whose = point.dist.name if point.dist else "unnamed"
        return RecipeError(f"{self._group}: {point.name} = {point.value} of distribution {whose}: {what}")
