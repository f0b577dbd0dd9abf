"""The processes of a cluster on this machine, for tests that end them."""

from value_personas.programs.engines.cluster.processes import Processes

__all__ = ["pids"]


def pids(cluster: Processes) -> list[int]:
    """Of the workers, started or starting."""
    return [worker.process.pid for worker in cluster._workers]
