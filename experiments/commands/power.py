"""``value-personas power``: how many personas and countries an interval takes, and what they cost."""

import json
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

__all__ = ["power"]


def power(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    width: Annotated[
        float, typer.Option(help="Half the width of the 95 % interval wanted.", min=1e-9)
    ] = 0.02,
    countries: Annotated[
        list[int] | None, typer.Option(help="Numbers of countries to consider; repeatable.", min=2)
    ] = None,
    questions: Annotated[
        int | None, typer.Option(help="Target questions; the pilot's if absent.", min=2)
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
    """Say how many personas and countries a given interval takes, how many calls, and what cost.

    From the answers of an earlier run (the pilot), or from stated variances.
    """
    from value_personas.experiments.inference import Price, plan_table
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.run.pilot import stated_or_piloted

    loaded = load_recipe(recipe, all_overrides(settings, workspace))
    pilot = stated_or_piloted(loaded, variances, against, score)
    table = plan_table(
        pilot.parts,
        countries or [10, 20, 40, 60],
        questions or pilot.questions,
        width,
        kinds=2 if against else 1,
        price=Price(calls, input_tokens, output_tokens, input_price, output_price),
    )

    def show(told: dict[str, Any]) -> None:
        say(f"{pilot.source}; half width wanted {width:g}")
        say("variances: " + ", ".join(f"{k} {value:.3g}" for k, value in told["variances"].items()))
        shown = table.rename(columns={"half_width": "half width", "floor": "with endless personas"})
        if not (input_price or output_price):
            shown = shown.drop(columns="cost")
        say(shown.to_string(index=False, na_rep="not reachable", float_format=lambda v: f"{v:,.4g}"))

    rows = json.loads(table.to_json(orient="records"))
    give(
        {"width": width, "variances": pilot.as_dict(), "plan": rows},
        show,
        as_json,
        command_line("plan", recipe, settings, workspace),
    )
