"""The optimisers side by side on the embedded population: calls, held-out gain, seconds.

    python -m value_personas.experiments.benchmarks.bench_tuning [--seeds 0 1 2] [--optimizers gepa]

Everything is synthetic: respondent, population and the proposer, which adds to the instruction there is or
takes from a pool of good, idle and rule-breaking proposals. So it compares skill of search within one budget,
not how well real models propose. With ``--instruction hedged`` each starts from the shipped prompt, which
leaves nothing to improve; with ``--set tuning.feedback_descriptors=0`` GEPA is told nothing of single texts.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas import load_recipe
from value_personas.experiments.inference import Estimates, clustered_means, with_difference
from value_personas.experiments.recipe.optimizers import OPTIMIZERS
from value_personas.experiments.tuning.judgement import lay_out
from value_personas.experiments.tuning.tune import TuningResult, tune

HEADER = "| optimiser | most calls | held-out gain by seed [95 %] | pooled [95 %] | kept | claims | seconds |"


def starting_point(instruction: str) -> list[str]:
    """Settings of a start: the recipe's ``poor`` instruction, or the shipped ``hedged`` one."""
    if instruction == "poor":
        return []
    from value_personas.signatures import HedgedDescriptor

    text = " ".join(str(HedgedDescriptor.instructions).split())
    return [f'tuning.instruction="{text}"']


def pooled_gain(results: Sequence[TuningResult]) -> Estimates:
    """The held-out gain over all seeds: a seed's countries are its own, questions are shared."""
    rows, values, draws = [], [], []
    for result in results:
        cells = result.judgement.cells.query("part == 'held-out'")
        rows.append(cells.assign(seed=result.recipe.seed))
        values.append(cells[["original", "tuned"]].to_numpy(dtype=np.float64).T)
        draws.append(result.judgement.draws[:, :, cells.index])
    cells = pd.concat(rows)
    grids = (
        lay_out(cells, np.concatenate(of, axis=-1), country=("seed", "country")) for of in (values, draws)
    )
    rewards, replicates = grids
    return clustered_means(
        with_difference(rewards), replicates=with_difference(replicates) if len(replicates) else None
    )


def table(results: Sequence[TuningResult]) -> str:
    """One row of the table: the results of one optimiser over seeds."""
    gains = [result.judgement.held_out for result in results]
    shown = "; ".join(f"{g['gain']:+.3f} [{g['gain_lower']:+.3f}, {g['gain_upper']:+.3f}]" for g in gains)
    pooled = pooled_gain(results)
    interval = f"{pooled.point[2]:+.3f} [{pooled.lower[2]:+.3f}, {pooled.upper[2]:+.3f}]"
    return (
        f"| {results[0].recipe.tuning.optimizer} | {max(r.calls for r in results)} | {shown} | "
        f"{interval} | {sum(r.program.improved for r in results)} of "
        f"{len(results)} | {sum(r.judgement.claims_gain for r in results)} of {len(results)} | "
        f"{np.mean([r.seconds for r in results]):.1f} |"
    )


def main() -> None:
    """Run the grid and print the table, row by row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--optimizers", nargs="+", default=list(OPTIMIZERS))
    parser.add_argument("--instruction", choices=("poor", "hedged"), default="poor")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    chosen = parser.parse_args()
    print(f"{HEADER}\n|{'---|' * 7}", flush=True)
    for optimizer in chosen.optimizers:
        results = []
        for seed in chosen.seeds:
            # A store of its own for each: an answer already paid for would flatter the seconds.
            with tempfile.TemporaryDirectory() as folder:
                settings = [
                    f"workspace={Path(folder)}",
                    f"seed={seed}",
                    f"tuning.optimizer={optimizer}",
                    *starting_point(chosen.instruction),
                ]
                results.append(tune(load_recipe("tune", [*settings, *chosen.settings])))
        print(table(results), flush=True)


if __name__ == "__main__":
    main()
