"""The names of optimisers; ``tuning.optimizers`` has a function of each name."""

OPTIMIZERS = {
    "gepa": "GEPA",
    "miprov2": "MIPROv2",
    "copro": "COPRO",
    "simba": "SIMBA",
    "bootstrap": "BootstrapFewShot",
    "bootstrap-random-search": "BootstrapFewShotWithRandomSearch",
}
"""Name → DSPy's name of its class."""

OPTIMIZER_GROUP = "value_personas.optimizers"
"""The entry points under which other distributions list optimisers."""


def optimizer_names() -> tuple[str, ...]:
    """Those of the package, then those of other distributions, of which nothing is executed."""
    from importlib.metadata import entry_points  # not at once: this file is read for the command's help

    return (*OPTIMIZERS, *(point.name for point in entry_points(group=OPTIMIZER_GROUP)))
