"""The parser on a corpus of replies: none read wrong, and nine in ten of those with an answer read."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from tests.builders import AGREE, TEN, page
from value_personas.programs.elicitation import Form, parse_reply
from value_personas.signatures import Scale

CORPUS = Path(__file__).parent / "replies.csv"
_IMPORTANT = ("Very important", "Rather important", "Not very important", "Not at all important")
PAGES: dict[str, Form] = {
    "imp": page(Scale(_IMPORTANT, (1.0, 2.0, 3.0, 4.0))),
    "agr": page(AGREE),
    "ten": page(TEN),
    "short": page(Scale(("1 – never", *map(str, range(2, 10)), "10 – always"), TEN.scores)),
    "yn": page(Scale(("Yes", "No"), (1.0, 2.0))),
}


def test_no_reply_of_the_corpus_is_read_wrong_and_nine_in_ten_answers_are_read() -> None:
    with CORPUS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 300
    outcomes: Counter[str] = Counter()
    wrong, unread = [], []
    for row in rows:
        form = PAGES[row["page"]]
        reply = row["reply"].replace("\\n", "\n").replace("\\\\", "\\")
        read = parse_reply(reply, form)
        got = form.letters[read] if isinstance(read, int) else "none"
        if got == row["reading"]:
            outcomes["read" if got != "none" else "no answer"] += 1
        elif got == "none":
            unread.append(row)
        else:
            wrong.append((got, row))
    answerable = outcomes["read"] + len(unread)
    print(
        f"{len(rows)} replies: {outcomes['read']} of {answerable} answers read, {outcomes['no answer']} "
        f"without an answer left, {len(wrong)} wrong"
    )
    for row in unread:
        print("unread:", row)
    for one in wrong:
        print("wrong:", one)
    assert not wrong
    assert outcomes["read"] >= 0.9 * answerable


@pytest.mark.parametrize("reply", ["A\u200b" * 2000, "<think>" * 2000, "if " * 1300, "answer " * 570])
def test_a_strange_reply_does_not_take_long(reply: str) -> None:
    assert not isinstance(parse_reply(reply, PAGES["imp"]), int)
