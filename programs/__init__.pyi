from .audit import (
    Judged,
    Statement,
    descriptor_statements,
    judge_statements,
    movement_matrix,
    off_diagonal_mean,
    verbatim_statements,
)
from .descriptor_writer import MAX_TOKENS, MAX_WORDS, Descriptor, DescriptorTable, DescriptorWriter, Variant
from .elicitation import FirstTokenLogprobs, SampledAnswers
from .engines import AnswerStore, EngineSettings, MemoryStore, Model, Reply, connect
from .panel import Panel
from .panel_result import REASONS, PanelResult
from .personas import Arrangement, Person, PersonaSources, PopulationSample, persona_builder
from .population import (
    LEEWAY,
    PopulationEstimate,
    average_answers,
    estimate_populations,
    weighted_means,
)
from .population_program import PopulationProgram, Surroundings
from .probing import ProbeReport, probe
from .prompt_rules import proposal_problems
from .rendering import PromptTemplate, signature_of
from .respondent import AskingStyle, Respondent
from .suite import SuiteReport, run_suite

__all__ = [
    "LEEWAY",
    "MAX_TOKENS",
    "MAX_WORDS",
    "REASONS",
    "AnswerStore",
    "Arrangement",
    "AskingStyle",
    "Descriptor",
    "DescriptorTable",
    "DescriptorWriter",
    "EngineSettings",
    "FirstTokenLogprobs",
    "Judged",
    "MemoryStore",
    "Model",
    "Panel",
    "PanelResult",
    "Person",
    "PersonaSources",
    "PopulationEstimate",
    "PopulationProgram",
    "PopulationSample",
    "ProbeReport",
    "PromptTemplate",
    "Reply",
    "Respondent",
    "SampledAnswers",
    "Statement",
    "SuiteReport",
    "Surroundings",
    "Variant",
    "average_answers",
    "connect",
    "descriptor_statements",
    "estimate_populations",
    "judge_statements",
    "movement_matrix",
    "off_diagonal_mean",
    "persona_builder",
    "probe",
    "proposal_problems",
    "run_suite",
    "signature_of",
    "verbatim_statements",
    "weighted_means",
]
