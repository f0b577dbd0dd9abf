"""The two prompts that ask for the answers of a whole population, and play nobody.

One has the shares stated, one has the answer of somebody drawn at random predicted, whose distribution over
repetitions or first tokens is the forecast. What a model forecasts well it knew before: so it is a comparator
and a test of contamination.
"""

import dspy


class ForecastShares(dspy.Signature):
    """A representative survey puts one question to the adult population named below. Forecast its result,
    from all that you know of these people: the share of them who give each answer, as a probability for
    each option's letter; the probabilities sum to 1. Those who give no answer are left out.
    """

    population: str = dspy.InputField(desc="whose answers are forecast")
    question: str = dspy.InputField(desc="the survey question")
    options: str = dspy.InputField(desc="the options, one a line, each after its letter")
    probabilities: dict[str, float] = dspy.OutputField(
        desc="option letter → share of the people who choose it"
    )


class ForecastAnswer(dspy.Signature):
    """A representative survey puts one question to the adult population named below. One of those asked is
    drawn at random. Forecast this person's answer, from all that you know of these people.
    """

    population: str = dspy.InputField(desc="whose answers are forecast")
    question: str = dspy.InputField(desc="the survey question")
    options: str = dspy.InputField(desc="the options, one a line, each after its letter")
    answer: str = dspy.OutputField(desc="the letter of one option and nothing else")
