"""What evaluate.py asks for."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from train.arguments import automatic
from train.evaluation import yardsticks
from zoo.measurements import N_CLASSIFIER, N


@dataclass(frozen=True, kw_only=True)
class Options(yardsticks.Options):
    models: tyro.conf.Positional[Annotated[tuple[str, ...], automatic("ID_OR_FOLDER ...", "none")]] = ()
    """checkpoint folders and bundled ids"""
    references: Annotated[tuple[str, ...], automatic("DATASET ...", "none")] = ()
    """data sets whose real pictures, and noise, are measured too"""
    n: int = N
    """samples for FID, KID, precision and recall"""
    n_classifier: int = N_CLASSIFIER
    """samples for what the data set's own small classifier sees"""
    seed: int = 0
    """of latents, and of dropout where it stays on"""
    snapshots: bool = False
    """hold the snapshots along the way against the classifier, and measure the best one whole"""
    momenta: Annotated[tuple[float, ...], automatic("FLOAT ...", "none")] = ()
    """momenta of batch norm at which to measure the raw generator too, with its statistics tracked so"""
