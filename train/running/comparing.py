"""Whether two runs are the same, by what their configs record."""

import hashlib
from dataclasses import replace

import numpy as np

from train.reading.decoded import Pictures
from train.reading.sources import called
from train.running.cell import describe_critic, describe_loss, rules
from train.running.options import WATCHING, as_recorded, completed
from zoo.config import Config

# Of config.training: how and where it was trained, which may differ between two seeds of one run.
INCIDENTAL = (
    "command",
    "commit",
    "library_version",
    "torch_version",
    "pictures_per_second",
    "hardware",
    "seconds",
)


def is_run_of(given: Config, architecture: str, options) -> bool:
    """Whether `given` describes a run of just these options, in one process, to the end of its budget.

    What the options leave to the code (a loss's constants, the critic it demands) has to be what the code says today.
    """
    today, planned = rules(architecture, options), as_recorded(options)
    # a plan knows no hashes of what it begins with
    if given.options is not None and not planned["from_sha256"]:
        planned["from_sha256"] = given.options.get("from_sha256", [])
    watched = {name: planned[name] for name in WATCHING}  # as when it is resumed
    return (
        given.options is not None
        and completed(given.options, type(options)) | watched == planned
        and given.architecture["name"] == architecture
        and given.dataset.name == called(options.dataset, options.config).name
        and (given.loss, given.critic) == (describe_loss(today), describe_critic(today, options))
        and given.training.critic_steps == today.critic_steps
        and given.training.processes == 1
        and given.training.kimg >= options.kimg
    )


def identity(pictures: Pictures) -> str:
    """Of the pictures themselves, by 64 from all over the set: wherever they lie and whatever that is called."""
    rows = np.linspace(0, len(pictures) - 1, min(64, len(pictures))).astype(int)
    sha = hashlib.sha256(str((pictures.images.shape, pictures.label_names)).encode())
    for row in rows:
        for part in filter(lambda part: part is not None, (pictures.images, pictures.maps)):
            sha.update(np.ascontiguousarray(part[int(row)]))
    return sha.hexdigest()


def differ_in_seed_alone(a: Config, b: Config, kind: type) -> bool:
    """Of two runs of a script with options of this `kind`; how, where and how closely watched they ran is no matter."""
    if a.training.seed == b.training.seed:
        return False
    theirs = {name: getattr(b.training, name) for name in (*INCIDENTAL, "seed")}
    a_options, b_options = (
        run.options and completed(run.options, kind) | dict.fromkeys((*WATCHING, "seed")) for run in (a, b)
    )
    a = replace(a, options=a_options, training=replace(a.training, **theirs), weights=b.weights)
    return a == replace(b, options=b_options)
