"""The two prompts that turn one survey answer into a short description of a person.

They differ in one demand only. The hedged one asks that the description lead its reader to the answer
*and* imply nothing beyond it; the unhedged one drops the second half and is the ablation (Abels et al.,
arXiv 2605.16193: descriptions without the hedge invite unintended inferences).
"""

from typing import Literal

import dspy


class HedgedDescriptor(dspy.Signature):
    """Describe one attitude of a person, for a reader who will then answer survey questions as that person.

    The description must lead the reader to give exactly the stated answer on the stated item, rather than a
    neighbouring answer. It must also imply nothing beyond that answer: the reader should be able to conclude
    nothing else about the person, neither their other opinions nor their character, background or country.
    Use your own words: do not quote the item, do not mention a survey, a number or a country.
    """

    item: str = dspy.InputField(desc="what the survey item asks")
    scale: list[str] = dspy.InputField(desc="every possible answer, in order")
    answer: str = dspy.InputField(desc="the answer that this person gave")
    neighbours: list[str] = dspy.InputField(desc="the adjacent answers, which must not be mistaken for it")
    composite: bool = dspy.InputField(desc="whether the answer sums up several questions")
    address: Literal["you", "I"] = dspy.InputField(desc="the pronoun by which the person is spoken of")
    descriptor: str = dspy.OutputField(desc="one or two plain sentences, at most 45 words")


class UnhedgedDescriptor(dspy.Signature):
    """Describe one attitude of a person, for a reader who will then answer survey questions as that person.

    The description must lead the reader to give exactly the stated answer on the stated item, rather than a
    neighbouring answer.
    Use your own words: do not quote the item, do not mention a survey, a number or a country.
    """

    item: str = dspy.InputField(desc="what the survey item asks")
    scale: list[str] = dspy.InputField(desc="every possible answer, in order")
    answer: str = dspy.InputField(desc="the answer that this person gave")
    neighbours: list[str] = dspy.InputField(desc="the adjacent answers, which must not be mistaken for it")
    composite: bool = dspy.InputField(desc="whether the answer sums up several questions")
    address: Literal["you", "I"] = dspy.InputField(desc="the pronoun by which the person is spoken of")
    descriptor: str = dspy.OutputField(desc="one or two plain sentences, at most 45 words")
