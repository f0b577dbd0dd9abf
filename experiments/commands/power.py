"""``value-personas power``: how many personas and countries an interval takes, and what they cost."""

from typing import Annotated, Any

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    RecipeArgument,
    SettingsOption,
    WorkspaceOption,
    all_overrides,
    command_line,
    give,
    say,
)


def power(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    width: Annotated[
        float | None,
        typer.Option(
            help="Half the width of the 95 % interval; if absent, a tenth above endless personas'.",
            min=1e-9,
        ),
    ] = None,
    countries: Annotated[
        list[int] | None, typer.Option(help="Numbers of countries to consider; repeatable.", min=2)
    ] = None,
    questions: Annotated[
        list[int] | None,
        typer.Option(help="Numbers of target questions; the pilot's and twice as many if absent."),
    ] = None,
    score: Annotated[
        str, typer.Option(help="The score whose interval is planned, one of {scores}.")
    ] = "normalised_mae",
    against: Annotated[
        str | None, typer.Option(help="A second persona kind: plan for the difference of the two.")
    ] = None,
    variances: Annotated[
        str | None,
        typer.Option(help="Stated variances country,question,cell,persona in place of a pilot's answers."),
    ] = None,
    calls: Annotated[float, typer.Option(help="Requests an answer: option orders × samples.", min=1)] = 1.0,
    input_tokens: Annotated[float, typer.Option(help="Tokens of a request.", min=0)] = 400.0,
    output_tokens: Annotated[float, typer.Option(help="Tokens of a reply.", min=0)] = 1.0,
    input_price: Annotated[float, typer.Option(help="Price of a million input tokens.", min=0)] = 0.0,
    output_price: Annotated[float, typer.Option(help="Price of a million output tokens.", min=0)] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Say how many countries, questions and personas an interval takes, how many calls, and what cost.

    From the answers of an earlier run (the pilot), or from stated variances.
    """
    from value_personas.experiments.inference import Price, plan_table, variance_shares
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.run.pilot import stated_or_piloted
    from value_personas.experiments.workspace.json_file import json_rows

    loaded = load_recipe(recipe, all_overrides(settings, workspace))
    pilot = stated_or_piloted(loaded, variances, against, score)
    table = plan_table(
        pilot.parts,
        countries or [10, 20, 40, 60],
        questions or [pilot.questions, 2 * pilot.questions],
        width,
        kinds=2 if against else 1,
        price=Price(calls, input_tokens, output_tokens, input_price, output_price),
    )

    sizes = pilot.countries, pilot.questions, pilot.personas
    shares_of = variance_shares(pilot.parts, *sizes)
    words = ("countries", "questions", "personas")
    design = [f"{n} {word}" for n, word in zip(sizes, words, strict=True)]

    def show(told: dict[str, Any]) -> None:
        wanted = "" if width is None else f"; half width wanted {width:g}"
        say(f"{pilot.source}{wanted}")
        say("variances: " + ", ".join(f"{k} {value:.3g}" for k, value in told["variances"].items()))
        shares = ", ".join(f"{name} {share:.0%}" for name, share in told["shares"].items())
        say(f"what makes the interval wide at {' × '.join(design)}: {shares}")
        if width is None:
            say("personas: from which endless ones would narrow it by less than a tenth")
        named = {"half_width": "half width", "one": "with one persona", "floor": "with endless"}
        shown = table.rename(columns=named)
        if not (input_price or output_price):
            shown = shown.drop(columns="cost")
        say(shown.to_string(index=False, na_rep="not reachable", float_format=lambda v: f"{v:,.4g}"))

    rows = json_rows(table)
    give(
        {"width": width, "variances": pilot.as_dict(), "shares": shares_of, "plan": rows},
        show,
        as_json,
        command_line("plan", recipe, settings, workspace),
    )
