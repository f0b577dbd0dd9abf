"""What people said: survey files read into distributions and value profiles."""

from data.codebook import Codebook, codebook_names, load_codebook
from data.codebook_draft import draft_codebook
from data.countries import country_name, cultural_zone
from data.cultural_map import cultural_map, draw_cultural_map, map_point
from data.direction import DirectionCheck, check_directions
from data.instruments import Instrument, instrument_names, load_instrument
from data.noise_floor import NoiseFloor, bootstrap_distributions, noise_floor, split_half_distributions
from data.profiles import ProfileTable, value_profiles
from data.published import PublishedDistributions, read_distributions
from data.sampling import DESIGNS, ProfileSample, sample_profiles
from data.splits import Split, TrainingView, split_countries, split_questions, training_view
from data.survey import Source, Survey
from data.survey_reading import read_survey

__all__ = [
    "DESIGNS",
    "Codebook",
    "DirectionCheck",
    "Instrument",
    "NoiseFloor",
    "ProfileSample",
    "ProfileTable",
    "PublishedDistributions",
    "Source",
    "Split",
    "Survey",
    "TrainingView",
    "bootstrap_distributions",
    "check_directions",
    "codebook_names",
    "country_name",
    "cultural_map",
    "cultural_zone",
    "draft_codebook",
    "draw_cultural_map",
    "instrument_names",
    "load_codebook",
    "load_instrument",
    "map_point",
    "noise_floor",
    "read_distributions",
    "read_survey",
    "sample_profiles",
    "split_countries",
    "split_half_distributions",
    "split_questions",
    "training_view",
    "value_profiles",
]
