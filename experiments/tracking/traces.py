"""Some of a run's calls as MLflow's traces, written from stored replies when all is done.

Recorded while they go on, hundreds of thousands of calls would be slower than the models, and most of them
dropped on the way. So a few are chosen, spread over methods, countries and reasons for missing answers.
"""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from value_personas.experiments.tracking.client import say

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run, Span


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a model and what came of it.

    Attributes:
        name: of the method that it is a part of.
        model: what was asked.
        messages: (role, text), in order; the last is the question.
        tags: what it is found by: country, question, reason of a missing answer and the like.
        reply: the text as it came; None where there is none.
        alternatives: (token, probability) of the reply's first token, most likely first.
        answer: option → probability, as it was read; empty where no answer was.
        error: in place of an answer, why there is none.
        input_tokens: tokens read, None when the engine did not say.
        output_tokens: tokens written, likewise.
        cost: money for what was read and for what was written; None where no prices are known.
        latency_s: seconds that it took.
    """

    name: str
    model: str
    messages: tuple[tuple[str, str], ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    reply: str | None = None
    alternatives: tuple[tuple[str, float], ...] = ()
    answer: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: tuple[float, float] | None = None
    latency_s: float = 0.0


def write_traces(client: "MlflowClient", run: "Run", calls: Sequence[Call]) -> None:
    """Write calls as traces of a run, in one batch; a store that keeps no traces is told of, and no fault.

    They stand at the time at which they were written, with the seconds that each took.

    Args:
        client: of the store.
        run: they are a part of.
        calls: at most 100, which is as many as MLflow links to a run at once.
    """
    from mlflow.exceptions import MlflowException

    now = time.time_ns()
    spans = [_span(call, now) for call in calls]
    tracing: Any = client._tracing_client  # MlflowClient itself has no way to write a span that has ended
    try:
        tracing.log_spans(run.info.experiment_id, spans)
        client.link_traces_to_run([span.trace_id for span in spans], run.info.run_id)
    except (MlflowException, NotImplementedError) as error:
        say(f"MLflow keeps no traces of this run: {str(error).splitlines()[0]}")


def _span(call: Call, ended_ns: int) -> "Span":
    from mlflow.entities import Span, SpanType
    from mlflow.tracing.constant import SpanAttributeKey, TokenUsageKey

    trace, tags = secrets.token_hex(16), {**call.tags, "model": call.model}
    said: dict[str, Any] = {
        SpanAttributeKey.REQUEST_ID: f"tr-{trace}",
        SpanAttributeKey.SPAN_TYPE: SpanType.CHAT_MODEL,
        SpanAttributeKey.INPUTS: {
            "messages": [{"role": role, "content": text} for role, text in call.messages]
        },
        SpanAttributeKey.OUTPUTS: _outputs(call),
        **{f"{SpanAttributeKey.TRACE_TAG_PREFIX}{n}": text for n, text in tags.items()},
    }
    if call.cost is not None:  # of a named model without a cost, MLflow asks LiteLLM: three seconds
        read, written = call.cost
        said[SpanAttributeKey.MODEL] = call.model
        said[SpanAttributeKey.LLM_COST] = {
            "input_cost": read,
            "output_cost": written,
            "total_cost": read + written,
        }
    if call.input_tokens is not None and call.output_tokens is not None:
        said[SpanAttributeKey.CHAT_USAGE] = {
            TokenUsageKey.INPUT_TOKENS: call.input_tokens,
            TokenUsageKey.OUTPUT_TOKENS: call.output_tokens,
            TokenUsageKey.TOTAL_TOKENS: call.input_tokens + call.output_tokens,
        }
    return Span.from_dict(
        {
            "name": call.name,
            "trace_id": f"tr-{trace}",
            "span_id": secrets.token_hex(8),
            "parent_span_id": None,
            "start_time_unix_nano": ended_ns - int(call.latency_s * 1e9),
            "end_time_unix_nano": ended_ns,
            "status": {"code": "ERROR" if call.error else "OK", "message": call.error},
            "attributes": {name: json.dumps(value, ensure_ascii=False) for name, value in said.items()},
        }
    )


def _outputs(call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = {"reply": call.reply}
    if call.alternatives:
        shown["first_token"] = {token: round(p, 4) for token, p in call.alternatives}
    if call.answer:
        shown["answer"] = {option: round(p, 4) for option, p in call.answer.items()}
    if call.error:
        shown["missing"] = call.error
    return shown
