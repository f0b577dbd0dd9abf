"""``value-personas engine``: is the model there, and what can it do; and a rehearsal server."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from value_personas.experiments.commands.options import JsonOption, command_line, give, say

app = typer.Typer(help="Check an engine, or serve the synthetic one over HTTP.", no_args_is_help=True)


@app.command()
def check(
    lm: Annotated[
        str,
        typer.Option(help="The model, for example openai/my-model; engines: {engines}, and DSPy's own."),
    ],
    base_url: Annotated[
        list[str] | None, typer.Option(help="Address of its server; may be repeated.")
    ] = None,
    api_key_env: Annotated[str | None, typer.Option(help="The variable that holds the key.")] = None,
    endpoint: Annotated[str, typer.Option(help="chat or completions.")] = "chat",
    calls: Annotated[int, typer.Option(help="Calls to make; a hosted model bills them.", min=2)] = 16,
    concurrency: Annotated[int, typer.Option(help="Calls in flight.", min=1)] = 4,
    timeout_s: Annotated[float, typer.Option(help="Seconds for one call.", min=0.1)] = 60.0,
    max_tokens: Annotated[
        int | None, typer.Option(help="The longest reply; a model that thinks needs hundreds.", min=1)
    ] = None,
    reasoning_effort: Annotated[str | None, typer.Option(help="How much it is to think.")] = None,
    suite: Annotated[
        bool, typer.Option("--suite", help="Also everything that an engine must do; some 40 calls more.")
    ] = False,
    workspace: Annotated[
        Path | None,
        typer.Option(help="Keep replies here, and what was found out for runs to begin with; else nowhere."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """How would a run ask it, on which labels, and how fast does it answer?"""
    import asyncio
    from contextlib import nullcontext
    from dataclasses import asdict

    from value_personas.experiments.answer_store import AnswerStore
    from value_personas.experiments.workspace.folders import Workspace
    from value_personas.programs import ProbeReport, SuiteReport, connect, probe, run_suite
    from value_personas.programs.elicitation import ElicitationSettings
    from value_personas.programs.engines import AskedAnew

    settings = _settings(
        lm=lm,
        base_url=tuple(base_url or ()),
        api_key_env=api_key_env,
        endpoint=endpoint,
        concurrency=concurrency,
        timeout_s=timeout_s,
        max_retries=2,
        reasoning_effort=reasoning_effort,
    )

    async def run(kept: AnswerStore | None) -> tuple[ProbeReport, SuiteReport | None]:
        model = connect(settings, AskedAnew(kept) if kept else None, tell=lambda line: say(line, err=True))
        try:
            found = await probe(model, calls, concurrency, ElicitationSettings(max_tokens=max_tokens))
            return found, await run_suite(model, found) if suite else None
        finally:
            await model.aclose()

    with AnswerStore(Workspace.open(workspace).answers) if workspace else nullcontext() as kept:
        found, more = asyncio.run(run(kept))
    report = asdict(found) | {"suite": asdict(more) if more else None}
    useless = report["failures"] == report["calls"]
    model = [f"respondent.lm={lm}", *([f"respondent.base_url={base_url[0]}"] if base_url else [])]
    then = "" if useless else command_line("run", None, model)
    give(report, lambda told: say(_as_text(told)), as_json, then)
    raise typer.Exit(1 if useless else 0)


@app.command("serve-synthetic")
def serve_synthetic(
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 8199,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    model: Annotated[str | None, typer.Option(help="The one model name it knows; any by default.")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="NAME=SHARE, for example 500=0.05; may be repeated.")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE of the synthetic respondent; may be repeated.")
    ] = None,
    latency_ms: Annotated[float, typer.Option(help="Milliseconds before each reply.", min=0)] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the faults.")] = 0,
    quirk: Annotated[
        list[str] | None, typer.Option(help="How it differs from the protocol; may be repeated.")
    ] = None,
    several: Annotated[
        str, typer.Option(help="Of a request for several answers, n: given, ignored or refused.")
    ] = "given",
) -> None:
    """Put the synthetic respondent behind an OpenAI-compatible server, with faults on demand."""
    import asyncio

    from value_personas.programs.engines import FaultPlan, Several, SyntheticServer
    from value_personas.programs.engines.synthetic import SyntheticRespondent
    from value_personas.signatures import EngineError, RecipeError

    try:
        plan = FaultPlan({name: float(share) for name, share in _pairs(fault).items()}, seed)
    except ValueError as error:
        raise RecipeError(f"--fault: {error}") from None
    if several not in get_args(Several):
        raise RecipeError(f"--several: expected one of {', '.join(get_args(Several))}, got {several!r}")
    engine = SyntheticRespondent(**{name: _value(text) for name, text in _pairs(parameter).items()})
    try:
        server = SyntheticServer(
            engine, model, plan, latency_ms / 1000, several=cast("Several", several), quirks=quirk or ()
        )
    except ValueError as error:
        raise RecipeError(f"--quirk: {error}") from None

    def ready(bound: int) -> None:
        say(f"synthetic respondent on http://{host}:{bound}/v1  (Ctrl-C stops it)", err=True)

    try:
        asyncio.run(server.serve(host, port, ready))
    except OSError as error:
        raise EngineError(f"{host}:{port}: {error.strerror or error}; choose another --port") from None


def _settings(**given: Any) -> Any:
    from pydantic import ValidationError

    from value_personas.programs import EngineSettings
    from value_personas.signatures import RecipeError

    try:
        return EngineSettings(**given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise RecipeError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _pairs(options: list[str] | None) -> dict[str, str]:
    """``NAME=VALUE`` options as a mapping."""
    from value_personas.signatures import RecipeError

    pairs = {}
    for option in options or ():
        name, equals, value = option.partition("=")
        if not equals:
            raise RecipeError(f"expected NAME=VALUE, got {option!r}")
        pairs[name] = value
    return pairs


def _value(text: str) -> Any:
    """A number or truth value where it reads as one, else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _as_text(report: Mapping[str, Any]) -> str:
    labels = ", ".join(f"{letter} {p:.3f}" for letter, p in report["labels"].items()) or "none"
    lines = [
        f"model          {report['model']}  ({report['identity']})",
        f"replied        {report['text']!r}; how to ask was found out in {report['probing_s']:.2f} s",
        f"logprobs       {'yes' if report['logprobs'] else 'no'}, {report['alternatives']} alternatives",
        f"labels         {labels}; mass {report['label_mass']:.3f}",
        f"elicitation    {report['elicitation']}: {report['why']}",
        *(f"adapted        {line}" for line in (report["suite"] or {}).get("adapted", report["adaptations"])),
        f"speed          {report['calls_per_second']:.1f} calls/s, median {report['median_s']:.3f} s a call",
        f"failures       {report['failures']} of {report['calls']} {report['failure']}".rstrip(),
    ]
    if more := report["suite"]:
        lines += [f"does           {name}" for name in more["kept"]]
        lines += [f"does not       {name}: {why}" for name, why in more["broken"].items()]
        lines += [f"differs        {what}" for what in more["quirks"]]
    return "\n".join(lines)
