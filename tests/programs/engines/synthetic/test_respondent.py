"""The synthetic respondent as an engine."""

import asyncio
import copy
import json

import dspy
import numpy as np
import pytest
from dspy.lm15 import Config, Message, Request
from hypothesis import given
from hypothesis import strategies as st

from tests.programs.engines.synthetic.prompts import (
    FAULTLESS,
    ITEMS,
    QUESTIONS,
    SECULAR_TRUSTING,
    TRADITIONAL,
    ask,
    descriptor,
    persona,
    question_request,
    unit_mean,
)
from value_personas.programs.elicitation import forms_of, parse_reply
from value_personas.programs.engines.synthetic import (
    AsyncSyntheticRespondent,
    KnownFaults,
    SyntheticRespondent,
)
from value_personas.programs.engines.synthetic.lexicon import load_lexicon
from value_personas.programs.rendering import PlainAdapter, PromptTemplate
from value_personas.signatures import (
    AnswerAsPersona,
    MissingAnswer,
    Question,
    RecipeError,
    RecoverAnswer,
    StateAnswerDistribution,
)

# --- the value items themselves, as an audit asks them ---------------------------------------------------


@pytest.mark.parametrize("code", list(ITEMS))
def test_a_judge_recovers_the_answer_from_its_descriptor(code: str) -> None:
    item, engine = ITEMS[code], SyntheticRespondent(refusal_rate=0.0)
    template = PromptTemplate.of(RecoverAnswer, PlainAdapter())
    form = forms_of(Question(item.code, item.text, item.scale), "reversed")[0]
    for position in range(len(item.scale)):
        values = {
            "persona": descriptor(engine, item, position),
            "question": item.text,
            "options": form.options,
        }
        request = template.request("synthetic/respondent", values, Config(temperature=0.0, max_tokens=1))
        assert form.position(engine.reply(request).text) == position


def test_what_a_descriptor_does_not_state_is_answered_from_the_prior() -> None:
    p = ask(
        FAULTLESS,
        descriptor(FAULTLESS, ITEMS["A008"], 0),
        Question("F063", ITEMS["F063"].text, ITEMS["F063"].scale),
    )
    words = load_lexicon().items["F063"]
    assert unit_mean(p) == pytest.approx(words.stereotype(load_lexicon().prior), abs=0.02)


# --- as an engine ----------------------------------------------------------------------------------------


def test_sampled_letters_follow_the_law_and_the_seed() -> None:
    text, question = persona(FAULTLESS, TRADITIONAL), QUESTIONS["Q29"]
    form = forms_of(question, "forward")[0]
    requests = [question_request(text, question, config=Config(temperature=1.0, seed=i)) for i in range(2000)]
    letters = [FAULTLESS.reply(request).text for request in requests]
    shares = [letters.count(letter) / len(letters) for letter in form.letters]
    np.testing.assert_allclose(shares, ask(FAULTLESS, text, question), atol=0.04)
    assert [FAULTLESS.reply(request).text for request in requests[:50]] == letters[:50]
    assert FAULTLESS.reply(requests[0], sample=7).text == letters[7]


def test_only_as_many_alternatives_are_reported_as_were_asked_for() -> None:
    config = Config(temperature=1.0, max_tokens=1, logprobs=5)
    reply = SyntheticRespondent().reply(
        question_request("You are a person.", QUESTIONS["Q240"], config=config)
    )
    assert reply.first_token is not None
    assert len(reply.first_token) == 5
    logs = [lp for _, lp in reply.first_token]
    assert logs == sorted(logs, reverse=True)


def test_the_response_says_what_the_lean_reply_says() -> None:
    engine = SyntheticRespondent()
    request = question_request(persona(engine, TRADITIONAL), QUESTIONS["Q185"])
    response, reply = engine.complete(request), engine.reply(request)
    assert response.text == reply.text
    assert response.logprobs is not None
    assert tuple((t.token, t.logprob) for t in response.logprobs[0].top) == reply.first_token
    assert asyncio.run(AsyncSyntheticRespondent(engine).complete(request)) == response
    assert asyncio.run(AsyncSyntheticRespondent(engine).reply(request)) == reply


def test_it_works_behind_dspy_s_own_adapter_and_module() -> None:
    engine = SyntheticRespondent(refusal_rate=0.0)
    lm = dspy.LM("synthetic/respondent", engine=engine, cache=False)
    question = QUESTIONS["Q29"]
    options = forms_of(question, "forward")[0].options
    with dspy.context(lm=lm, disable_history=True, trace=None):
        said = dspy.Predict(AnswerAsPersona)(
            persona="You are a person.", question=question.text, options=options
        )
    assert said.answer in "ABCD"


def test_a_stated_distribution_is_the_law_in_words() -> None:
    question, text = QUESTIONS["Q29"], persona(FAULTLESS, TRADITIONAL)
    values = {"persona": text, "question": question.text, "options": forms_of(question, "forward")[0].options}
    template = PromptTemplate.of(StateAnswerDistribution, PlainAdapter())
    stated = json.loads(FAULTLESS.reply(template.request("m", values, Config(max_tokens=200))).text)
    assert list(stated.values()) == pytest.approx(ask(FAULTLESS, text, question), abs=1e-4)


def test_the_identity_names_it_synthetic_and_every_parameter() -> None:
    engine = SyntheticRespondent(seed=4, spill_over=0.5)
    assert engine.identity.startswith("synthetic/respondent")
    assert all(name in engine.identity for name in KnownFaults().stated())
    assert engine.identity != SyntheticRespondent(seed=4).identity != SyntheticRespondent(seed=5).identity
    assert SyntheticRespondent.load_state(engine.dump_state()).identity == engine.identity


def test_a_copy_answers_alike() -> None:
    engine = SyntheticRespondent(seed=4)
    request = question_request(persona(engine, TRADITIONAL), QUESTIONS["Q185"])
    assert copy.deepcopy(engine).reply(request) == engine.reply(request)


def test_examples_before_the_question_are_not_taken_for_it() -> None:
    request = question_request(persona(FAULTLESS, TRADITIONAL), QUESTIONS["Q185"])
    example = question_request("You are a person.", QUESTIONS["Q29"]).messages[0]
    longer = Request(
        model="m",
        system=request.system,
        messages=(example, Message.assistant("A"), *request.messages),
        config=request.config,
    )
    assert FAULTLESS.reply(longer).first_token == FAULTLESS.reply(request).first_token


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"spilover": 1.0}, "parameter 'spilover'.*it takes seed, prior_pull"),
        ({"prior_pull": 2.0}, r"parameter 'prior_pull': Input should be less than or equal to 1 \(got 2.0\)"),
        ({"sharpness": "high"}, "parameter 'sharpness'.*got 'high'"),
        ({"seed": "one"}, "parameter 'seed'.*got 'one'"),
    ],
)
def test_a_wrong_parameter_gets_one_clear_line(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        SyntheticRespondent(**parameters)  # type: ignore[arg-type]


def test_a_request_that_asks_nothing_known_gets_words_and_no_letter() -> None:
    request = Request(model="m", messages=(Message.user("Tell me a story."),), config=Config(logprobs=5))
    reply = SyntheticRespondent().reply(request)
    assert reply.first_token is None
    assert isinstance(parse_reply(reply.text, forms_of(QUESTIONS["Q29"], "forward")[0]), MissingAnswer)


def test_an_unknown_question_is_answered_broadly_whoever_is_asked() -> None:
    question = Question("X", "What your favourite colour is", QUESTIONS["Q29"].scale)
    first, second = (
        ask(FAULTLESS, persona(FAULTLESS, who), question) for who in (TRADITIONAL, SECULAR_TRUSTING)
    )
    assert first == second
    assert min(first) > 0.1


@given(text=st.text(max_size=300), question=st.sampled_from(list(QUESTIONS.values())))
def test_whatever_a_persona_says_the_answer_is_a_law_over_the_letters(text: str, question: Question) -> None:
    p = ask(SyntheticRespondent(refusal_rate=0.0), f"You say: {text}", question)
    assert sum(p) == pytest.approx(1.0)
    assert min(p) >= 0.0


def test_no_alternatives_are_reported_when_none_are_asked_for() -> None:
    config = Config(temperature=1.0, max_tokens=1, logprobs=0)
    request = question_request("You are a person.", QUESTIONS["Q29"], config=config)
    assert SyntheticRespondent().complete(request).logprobs is None
