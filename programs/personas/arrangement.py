"""In which order a persona states its items, and which of several wordings it carries."""

from dataclasses import dataclass, replace
from hashlib import shake_128
from typing import Literal

from value_personas.signatures import Profile, RecipeError

ItemOrder = Literal["instrument", "reversed", "shuffled", "both"] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arranged:
    """How one text states one profile.

    Attributes:
        order: positions in the profile, first stated first.
        wordings: the wording of each position of the profile.
    """

    order: tuple[int, ...]
    wordings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How profiles become texts. All draws are functions of the seed and the profile alone.

    Attributes:
        order: of the items: as in the ``instrument``, ``reversed``, ``shuffled`` anew for every text,
            ``both`` (each person once forward and once reversed), or item codes in the order wanted.
        wordings: how many wordings of each descriptor there are to draw from.
        replicates: texts a person, each with an equal share of the person's weight.
        seed: of the draws.
    """

    order: ItemOrder = "instrument"
    wordings: int = 1
    replicates: int = 1
    seed: int = 0

    @property
    def texts_a_person(self) -> int:
        """``both`` needs an even number of texts."""
        return self.replicates + self.replicates % 2 if self.order == "both" else self.replicates

    def without_wordings(self) -> "Arrangement":
        """For texts that have one wording only: several of a person differ in order or not at all."""
        varies = self.order in ("shuffled", "both")
        return replace(self, wordings=1, replicates=self.replicates if varies else 1)

    def of(self, profile: Profile, replicate: int = 0) -> Arranged:
        """Order and wordings of one text of a person.

        Raises:
            RecipeError: when items are listed by code and the profile holds one that is not.
        """
        n = len(profile.items)
        # A wording is drawn anew for every second text where a person is put both ways round: then the two
        # differ in nothing but the order.
        draw = replicate // 2 if self.order == "both" else replicate
        wordings = (0,) * n
        if self.wordings > 1:
            digest = self._digest("wording", profile, draw)
            wordings = tuple(int.from_bytes(digest[4 * i : 4 * i + 4]) % self.wordings for i in range(n))
        return Arranged(self._order(profile, replicate), wordings)

    def _order(self, profile: Profile, replicate: int) -> tuple[int, ...]:
        forward = tuple(range(len(profile.items)))
        if self.order == "instrument" or (self.order == "both" and replicate % 2 == 0):
            return forward
        if self.order in ("reversed", "both"):
            return forward[::-1]
        if self.order == "shuffled":
            digest = self._digest("order", profile, replicate)
            return tuple(sorted(forward, key=lambda i: digest[4 * i : 4 * i + 4]))
        place = {code: i for i, code in enumerate(self.order)}
        if absent := [code for code in profile.items if code not in place]:
            raise RecipeError(
                f"persona_text.order: item {absent[0]} is not listed; name every item of the instrument, "
                "or one of instrument, reversed, shuffled, both"
            )
        return tuple(sorted(forward, key=lambda i: place[profile.items[i]]))

    def _digest(self, what: str, profile: Profile, draw: int) -> bytes:
        text = f"{what} {self.seed} {draw} {profile.items} {profile.answers}"
        return shake_128(text.encode()).digest(4 * len(profile.items))


AS_IN_THE_INSTRUMENT = Arrangement()
"""One text a person, items in the order of the instrument, the first wording of each."""
