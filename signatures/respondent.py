"""The two prompts that put a survey question to a model in the place of a person."""

import dspy


class AnswerAsPersona(dspy.Signature):
    """You are taking part in a survey as the person described. Answer each question as that person would,
    honestly and from their point of view, whatever you think of it yourself. There are no right or wrong
    answers.
    """

    persona: str = dspy.InputField(desc="who is answering")
    question: str = dspy.InputField(desc="the survey question")
    options: str = dspy.InputField(desc="the options, one a line, each after its letter")
    answer: str = dspy.OutputField(desc="the letter of one option and nothing else")


class StateAnswerDistribution(dspy.Signature):
    """Consider many people who all fit the description. State how their answers to the survey question would
    be spread over the options, as a probability for each option's letter; the probabilities sum to 1.
    """

    persona: str = dspy.InputField(desc="who is answering")
    question: str = dspy.InputField(desc="the survey question")
    options: str = dspy.InputField(desc="the options, one a line, each after its letter")
    probabilities: dict[str, float] = dspy.OutputField(desc="option letter → probability")
