import asyncio
import json

import dspy
import pytest
from dspy.lm15 import Request

from tests.builders import AGREE, item
from tests.fake_engines import RuleEngine
from value_personas.programs.descriptor_writer import DescriptorTable, DescriptorWriter, violations
from value_personas.programs.engines import InProcess
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import MemoryStore, Reply
from value_personas.signatures import ValueItem

TRUST = ValueItem("A165", "Whether most people can be trusted or one must be careful with them", AGREE)


def answered(request: Request) -> str:
    text = request.messages[-1].text
    return text.split("[[ ## answer ## ]]\n")[1].split("\n")[0]


def in_form(text: str) -> tuple[str, None]:
    return f"[[ ## descriptor ## ]]\n{text}\n\n[[ ## completed ## ]]", None


def write(engine: RuleEngine, store: MemoryStore | None = None, **options: object) -> DescriptorTable:
    model = Model("test/model", InProcess(engine), store or MemoryStore())
    return asyncio.run(DescriptorWriter("hedged").write_all(model, [TRUST], **options))  # type: ignore[arg-type]


def test_the_module_asks_what_the_bulk_asks_whatever_adapter_is_set() -> None:
    engine = RuleEngine(lambda r: in_form("You agree."))
    model, writer = Model("test/model", InProcess(engine)), DescriptorWriter("hedged")
    with dspy.context(lm=model.lm, adapter=dspy.JSONAdapter(), disable_history=True):
        assert writer(TRUST, 2.0).descriptor == "You agree."
    asked, wanted = engine.requests[0], writer.request("test/model", writer.inputs(TRUST, 2.0))
    assert (asked.system, asked.messages) == (wanted.system, wanted.messages)


def test_every_answer_is_described_once_and_kept() -> None:
    engine, store = RuleEngine(lambda r: in_form(f"You {answered(r)}.")), MemoryStore()
    table = write(engine, store)
    assert [table.text("A165", s) for s in (1.0, 2.0, 3.0, 4.0)] == [
        "You strongly agree.",
        "You agree.",
        "You disagree.",
        "You strongly disagree.",
    ]
    assert not table.unmended
    write(engine, store)
    assert len(engine.requests) == 4


def test_the_prompt_carries_scale_answer_and_neighbours() -> None:
    engine = RuleEngine(lambda r: in_form("You do."))
    write(engine)
    text = engine.requests[1].messages[-1].text
    assert "[[ ## answer ## ]]\nagree\n" in text
    neighbours = text.split("[[ ## neighbours ## ]]\n")[1].split("\n")[0]
    assert json.loads(neighbours) == ["strongly agree", "disagree"]


def test_a_broken_rule_is_asked_again_and_then_listed() -> None:
    def stubborn(request: Request) -> tuple[str, None]:
        first = answered(request) == "agree"
        good_at_last = answered(request) == "disagree" and request.config.seed == 1
        return in_form("You score 2." if first or not good_at_last else "You doubt it.")

    engine = RuleEngine(stubborn)
    table = write(engine)
    assert table.text("A165", 3.0) == "You doubt it."
    assert {d.score for d in table.unmended} == {1.0, 2.0, 4.0}
    assert table.unmended[0].broken_rules == ("it contains a number",)
    assert len(engine.requests) == 3 * 3 + 2  # three attempts each, two for the one that was mended


def test_replies_out_of_form_are_listed_not_used() -> None:
    table = write(RuleEngine(lambda r: ("I would rather not.", None)))
    assert len(table.unmended) == 4
    assert table.descriptors[0].broken_rules == (
        "no reply holds a description, for example 'I would rather not.'",
    )


@pytest.mark.parametrize(
    "reply",
    [
        "You trust people.",
        "You trust\npeople.",
        "descriptor: You trust people.",
        "**Descriptor:** You trust people.",
        '{"descriptor": "You trust people."}',
        '```json\n{"descriptor": "You trust people."}\n```',
        "[[##descriptor##]] You trust people. [[ ## completed ## ]]",
        "[[ ## Descriptor ## ]]: You trust people.",
        "**[[ ## descriptor ## ]]**\nYou trust people.\n\n**[[ ## completed ## ]]**",
        'Sure! Here is the description:\n\n"You trust people."',
        "<think>Trust, then.</think>You trust people.<|im_end|>",
    ],
)
def test_a_plain_reply_is_read_where_there_is_one_field(reply: str) -> None:
    table = write(RuleEngine(lambda r: (reply, None)))
    assert {d.text for d in table.descriptors} == {"You trust people."}
    assert not table.unmended


def test_what_is_read_plainly_is_judged_by_the_rules() -> None:
    table = write(RuleEngine(lambda r: ("I trust people in France.", None)), countries=["France"])
    assert {d.broken_rules for d in table.descriptors} == {
        ("it names a country", "it does not speak to the person as you")
    }


@pytest.mark.parametrize("slowest", ["strongly agree", "strongly disagree"])
def test_what_is_asked_next_does_not_depend_on_which_reply_came_first(slowest: str) -> None:
    asked: list[tuple[int | None, str]] = []

    class Uneven:
        identity = "uneven"

        async def reply(self, request: Request, sample: int = 0) -> Reply:
            asked.append((request.config.seed, answered(request)))
            await asyncio.sleep(0.02 if answered(request) == slowest else 0.0)
            return Reply("You score 2.", None, "stop")

        async def aclose(self) -> None:
            """Nothing to close."""

    asyncio.run(DescriptorWriter("hedged").write_all(Model("test/model", Uneven()), [TRUST]))
    assert asked == [(seed, label) for seed in range(3) for label in AGREE.labels]


def test_progress_tells_of_every_answer() -> None:
    told: list[tuple[int, int]] = []
    write(RuleEngine(lambda r: in_form("You do.")), on_written=lambda n, total: told.append((n, total)))
    assert told == [(1, 4)] * 4


def test_a_persons_own_text_wins_and_is_not_asked_for() -> None:
    engine = RuleEngine(lambda r: in_form("You do."))
    table = write(engine, overrides={("A165", 1.0, 0): "You trust everyone, 100 %."})
    assert table.text("A165", 1.0) == "You trust everyone, 100 %."
    assert table.descriptors[0].writer == "override"
    assert len(engine.requests) == 3


def test_a_wording_that_repeats_another_is_asked_again_and_then_listed() -> None:
    engine = RuleEngine(lambda r: in_form(f"You {answered(r)}{'.' if r.config.seed % 2 else ', truly.'}"))
    model = Model("test/model", InProcess(engine), MemoryStore())
    table = asyncio.run(DescriptorWriter("hedged", attempts=2, wordings=3).write_all(model, [TRUST]))
    assert [d.wording for d in table.descriptors] == [0, 1, 2] * 4
    # This writer knows two texts: the second is found by asking again, and there is no third.
    assert [table.text("A165", 2.0, w) for w in (0, 1)] == ["You agree, truly.", "You agree."]
    assert {d.broken_rules for d in table.descriptors if d.wording == 2} == {("it repeats another wording",)}
    assert len(table.unmended) == 4


def test_the_first_wording_is_that_of_a_recipe_of_one() -> None:
    engine = RuleEngine(lambda r: in_form(f"You {answered(r)}, by seed {'x' * r.config.seed}."))
    model = Model("test/model", InProcess(engine), MemoryStore())
    one = asyncio.run(DescriptorWriter("hedged").write_all(model, [TRUST]))
    asked = len(engine.requests)
    three = asyncio.run(DescriptorWriter("hedged", wordings=3).write_all(model, [TRUST]))
    assert len(engine.requests) == asked + 2 * 4
    assert [d for d in three.descriptors if d.wording == 0] == list(one.descriptors)
    assert not three.unmended


def test_a_table_knows_its_prompt_and_changes_its_version_with_any_text() -> None:
    table = write(RuleEngine(lambda r: in_form(f"You {answered(r)}.")))
    (digest,) = table.prompts
    assert {d.prompt for d in table.descriptors} == {digest}
    assert "imply nothing beyond that answer" in " ".join(table.prompts[digest].split())
    other = write(RuleEngine(lambda r: in_form(f"You do {answered(r)}.")))
    assert table.version != other.version
    assert table.version == write(RuleEngine(lambda r: in_form(f"You {answered(r)}."))).version


@pytest.mark.parametrize(
    ("address", "text", "kept"),
    [
        ("you", "You trust people.", True),
        ("you", "I trust people.", False),
        ("I", "I trust people.", True),
        ("I", "You trust people.", False),
        ("you", "Trust comes easily.", True),
    ],
)
def test_the_person_is_spoken_of_as_asked(address: str, text: str, kept: bool) -> None:
    broken = violations(text, TRUST, address=address)  # type: ignore[arg-type]
    assert (broken == ()) == kept
    assert kept or "person" in broken[0]


def test_a_point_of_a_scale_is_a_number_in_words_too() -> None:
    assert violations("God matters to you seven out of ten.", item()) == ("it contains a number",)
    assert violations("You trust seven people.", TRUST) == ()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "it is empty"),
        ("word " * 46, "it has 46 words, at most 45 are allowed"),
        ("You rate it 7.", "it contains a number"),
        ("You ask whether most people can be trusted or one must be careful.", "it quotes the item"),
        ("You are like others in northland.", "it names a country"),
    ],
)
def test_rules(text: str, rule: str) -> None:
    assert rule in violations(text, TRUST, ["Northland"])


def test_a_good_descriptor_breaks_no_rule() -> None:
    assert violations("You feel God matters greatly; that is all it says.", item(), ["Northland"]) == ()


def test_a_reply_that_an_earlier_version_paid_for_is_not_asked_again() -> None:
    engine, store = RuleEngine(lambda r: in_form(f"You {answered(r)}.")), MemoryStore()
    model = Model("test/model", InProcess(engine), store)
    earlier = asyncio.run(DescriptorWriter("hedged", max_tokens=400).write_all(model, [TRUST]))
    assert len(engine.requests) == 4
    now = asyncio.run(DescriptorWriter("hedged").write_all(model, [TRUST]))
    assert len(engine.requests) == 4
    assert now == earlier


def test_a_reply_is_no_longer_than_a_descriptor_needs() -> None:
    engine = RuleEngine(lambda r: in_form(f"You {answered(r)}."))
    write(engine)
    assert {request.config.max_tokens for request in engine.requests} == {160}


def test_who_only_thinks_is_told_what_to_set() -> None:
    table = write(RuleEngine(lambda r: ("<think>Let me see", None)))
    assert table.descriptors[0].broken_rules == (
        "it thinks until its length is up, which descriptors.max_tokens sets",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Lorem ipsum dolor sit amet.",
        "You hold [attitude] strongly.",
        "Put your description of you here.",
        "TODO",
        "<descriptor>",
        "As an AI, you cannot say.",
    ],
)
def test_what_stands_in_a_descriptions_place_is_none(text: str) -> None:
    assert "it stands in a description's place" in violations(text, item())
    assert violations("You put family first, and here you would not give way.", item()) == ()
