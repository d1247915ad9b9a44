"""Train SNGAN's residual nets on 28 or 32 pixel pictures with any loss of the zoo.

    accelerate launch train/sngan.py --loss hinge --dataset cifar10
    accelerate launch train/sngan.py --loss hinge --width 256 --critic-width 128 --batch 64 --critic-steps 5 --lr 2e-4

Without any option: hinge on CIFAR-10, at a width for a CPU. The second line has Miyato et al.'s widths, for a GPU;
"Comparing adversarial loss functions in ResNet-based GANs on CIFAR-10" has --batch 128 --kimg 250 --critic-steps 1.
"""

from dataclasses import dataclass
from typing import Annotated

from train import arguments
from train.running import loop, options, resuming
from zoo.losses import LOSSES


@dataclass(frozen=True, kw_only=True)
class Options(options.NoiseOptions):
    loss: Annotated[str, arguments.listed(LOSSES)] = "hinge"
    batch: int = 32
    """pictures per step and process"""
    betas: tuple[float, float] = (0.0, 0.9)
    """Adam's decay rates"""


def main() -> None:
    loop.run("sngan", resuming.parse(Options, __doc__), script="sngan.py")


if __name__ == "__main__":
    arguments.exit_with_one_line(main)
