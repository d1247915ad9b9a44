"""Train the Fashion-MNIST nets of "Least Squares GANs for Image Generation", with any loss of the zoo.

    accelerate launch train/convgan.py --loss lsgan
    accelerate launch train/convgan.py --loss lsgan --loss-fields squash=true --variant bn --kimg 12000

Without any option: the vanilla loss on Fashion-MNIST's 28 pixel garments, without batch norm. The second line is
the source's own set-up, 200 epochs and a critic that ends in a sigmoid.
"""

from dataclasses import dataclass
from typing import Literal

from train import arguments
from train.running import loop, options, resuming


@dataclass(frozen=True, kw_only=True)
class Options(options.NoiseOptions):
    variant: Literal["plain", "bn", "deep", "deep-no-bn", "bn-after"] = "plain"
    """no batch norm; batch norm before the activation; the same, deeper; deeper without it; after the activation"""
    dataset: str = "fashion-mnist"
    """a name (cifar10, fashion-mnist), an id of the Hub (owner/name), or a folder of pictures"""


def main() -> None:
    chosen = resuming.parse(Options, __doc__)
    name = "convgan" if chosen.variant == "plain" else f"convgan-{chosen.variant}"
    loop.run(name, chosen, script="convgan.py")


if __name__ == "__main__":
    arguments.exit_with_one_line(main)
