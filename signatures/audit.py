"""The prompt by which a descriptor is judged: which answer does it suggest?"""

import dspy


class RecoverAnswer(dspy.Signature):
    """A person is described below. Judge from the description alone which answer that person would most
    probably give to the question.
    """

    persona: str = dspy.InputField(desc="all that is known of the person: one descriptor")
    question: str = dspy.InputField(desc="what is asked")
    options: str = dspy.InputField(desc="the options, one a line, each after its letter")
    answer: str = dspy.OutputField(desc="the letter of one option and nothing else")
