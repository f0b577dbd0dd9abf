"""Every house word and every score, in the few words that a reader of a table needs."""

from value_personas.experiments.comparators import COMPARATORS
from value_personas.experiments.scoring import SCORES, Score
from value_personas.programs.personas import PARTS, parse_kind
from value_personas.signatures import RecipeError

_WORDS = {
    "persona": "The person as whom the model is asked; its kind is what it is told about that person.",
    "persona kind": "What a persona is told; parts are joined by +: values-hedged+country tells both.",
    "value item": "A question on a core cultural value, such as the ten of Inglehart and Welzel.",
    "value profile": "One respondent’s answers to the value items, drawn whole, with the survey’s weights.",
    "descriptor": "A sentence or two that say in words what one answer to one value item means.",
    "hedged": "Of a descriptor: written to lead to its answer and to imply nothing beyond it; unhedged: not.",
    "recovery error": "How far a reader’s answer to an item lies from the answer that its descriptor tells.",
    "spill-over": "How far a descriptor moves a reader’s answers to other items, as a share of their scales.",
    "target question": "A question that is predicted; never one that a persona is told the answer of.",
    "cell": "One question in one country: what is predicted and judged.",
    "label mass": "The probability that the model’s first token is the letter of an option, in all; with too "
    "little of it an answer is missing.",
    "stray mass": "The probability that the first token is a letter of which the page has no option.",
    "missing answer": "What was asked and not answered, by reason. It is never data; with too many of them a "
    "cell is not estimated.",
    "noise floor": "The error of the human sample against its own resamples, drawn by sampling points "
    "(clusters) where the survey tells them; none can be seen to be better, and an error less the floor is "
    "not the error of a perfect survey.",
    "ranked": "Of a method: it has enough cells for the table, which rests on those that all ranked have.",
    "calibrated": "With answers widened, q ∝ p^(1/T)·exp(βr), so that their mean stays where it was.",
    "T": "The strength of a calibration; 1 leaves answers as they are.",
    "persona level, population level": "Whether each persona’s answers are calibrated, or their average.",
    "interval": "Two-sided, of one standard error clustered by country or cultural zone and by question.",
    "p (Holm)": "Of the same standard error as the interval beside it, adjusted for the methods compared.",
    "sign-flip p": "Of a randomisation test over countries, for these questions alone.",
    "in-sample": "Of a cell: something was fitted or tuned on it, so that its score is no prediction.",
    "held out": "Countries or questions that nothing was fitted on.",
    "zone": "A group of countries of Inglehart and Welzel’s cultural map; they are not independent draws.",
    "near, far": "Whether the question is close in content to a value item that personas tell of.",
    "gap": "The difference in error between countries that are well and poorly represented.",
    "Shapley value": "An item’s share of the fall in error, averaged over orders in which items are added.",
    "coalition": "A set of items of which a Shapley analysis asks personas that are told just these.",
}


def glossary() -> dict[str, str]:
    """Term → meaning: words, then scores with formula and direction, parts of persona kinds, comparators."""
    scores = {
        one.heading: f"{one.meaning} {_direction(one)}; {name} in recipes." for name, one in SCORES.items()
    }
    kinds = {name: _sentence(what_it_is(name)) for name in PARTS}
    comparators = {name: _sentence(one.meaning) for name, one in COMPARATORS.items()}
    return _WORDS | scores | kinds | comparators


def what_it_is(method: str) -> str:
    """Say what a persona kind or a comparator is.

    Args:
        method: its name in tables, not calibrated.
    """
    if method in COMPARATORS:
        return COMPARATORS[method].meaning
    try:
        return parse_kind(method).what
    except RecipeError:
        return "predictions made elsewhere"


def _direction(score: Score) -> str:
    where = f"nearer to {score.best:g}" if score.better == "target" else score.better
    return f"{where} is better".capitalize()


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
