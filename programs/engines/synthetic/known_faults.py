"""The known faults of the synthetic respondent, each a parameter."""

from typing import Annotated

from pydantic import Field

from value_personas.signatures import Frozen

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Amount = Annotated[float, Field(ge=0.0)]

_LATER = frozenset(
    (
        *("carelessness", "forecast_knowledge", "interplay", "number_blur", "stereotype", "unadditive"),
        "verbatim_restraint",
    )
)
"""Parameters that 0.1.0 did not have: where each is 0, answers are those of 0.1.0, under the same keys."""


class KnownFaults(Frozen):
    """How far the synthetic respondent is from a perfect reader of a perfect description.

    Positions on value items run from 0 to 1 in the order of their codes.

    Attributes:
        prior_pull: the share of the way from a stated position to the respondent's own, in [0, 1].
        country_knowledge: how far a named country moves it from its own position toward what is thought of
            that country: country_knowledge^(1 + d/2), where d is the country's distance from it on the
            cultural map. 1 knows every country, 0 none.
        forecast_knowledge: likewise how far a forecast of a country's answers goes from the respondent's own
            position toward that country, whose published results it may know: 1 knows all, 0 none.
        spill_over: how strongly a stated position is taken as a sign of a traditional or a modern person
            throughout: every other item moves toward that pole by spill_over × the mean extremity of
            what was stated, at most all the way.
        hedge_relief: the share of that inference which a hedge prevents, in [0, 1].
        knowledge_error: the relative error of what is believed of each loading, as a standard deviation.
        sharpness: τ ≥ 1, under-dispersion: answers follow p ∝ exp(−τ(x − c)²/2σ²), with c such that the mean
            stays that of τ = 1. A mean-preserving tilt at T = τ restores the honest law.
        order_effect: by how much the log-odds of the option listed first are raised.
        refusal_rate: the share of requests that are refused.
        label_noise: the share of first-token probability that lies on no option's letter.
        unadditive: how much an answer hangs on the combination of two values rather than on each of all, and
            on how fine differences of it. Over the profiles of a country 0.9 leaves of the linear R² of
            personas' means on the items some .75, and 1.2 some .55.
        interplay: the share that is known of how values work two together and beyond thresholds; 1 knows all.
        stereotype: how much is inferred of values from who someone is (sex, age, education, income,
            denomination, settlement): 1 as much as these tell in the embedded population, more makes a
            stereotype of it, 0 nothing.
        verbatim_restraint: the share of the inference of ``spill_over`` that bare answers, quoted word for
            word, do not invite, as prose does.
        carelessness: how much goes wrong in a descriptor of what its instruction does not ask for (a hedge,
            contrast with neighbouring answers, concreteness, address, no numbers, no countries); of a long
            instruction less is heeded. 0 describes every answer exactly, and hedges all or none.
        number_blur: the share of the way to the middle of its scale at which an answer is heard that is a
            bare number.
    """

    prior_pull: Share = 0.1
    country_knowledge: Share = 0.6
    forecast_knowledge: Share = 0.8
    spill_over: Amount = 0.8
    hedge_relief: Share = 0.9
    knowledge_error: Amount = 0.15
    sharpness: Annotated[float, Field(ge=1.0, le=100.0)] = 3.0
    order_effect: Annotated[float, Field(ge=-10.0, le=10.0)] = 0.1
    refusal_rate: Share = 0.002
    label_noise: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.03
    unadditive: Amount = 0.0
    interplay: Share = 0.5
    stereotype: Amount = 2.0
    verbatim_restraint: Share = 0.4
    number_blur: Share = 0.2
    carelessness: Share = 1.0

    @property
    def knows_more(self) -> bool:
        """Whether it goes by anything that 0.1.0 did not know."""
        return bool(self.interplay or self.stereotype)

    def stated(self) -> dict[str, float]:
        """The parameters that tell answers apart: one that 0.1.0 did not have, only where it is on."""
        return {name: value for name, value in self if value or name not in _LATER}


class Seed(Frozen):
    """What every synthetic model takes.

    Attributes:
        seed: of its draws.
    """

    seed: int = 0


class ProposerParameters(Seed):
    """Everything that the synthetic proposer takes.

    Attributes:
        listening: the share of proposals that go on from the instruction there is and heed what is said of
            it; the others come from the pool in turn.
    """

    listening: Share = 0.75


class RespondentParameters(KnownFaults, Seed):
    """Everything that the synthetic respondent takes."""
