"""Train pix2pix on pairs of pictures with any loss but began, or with L1 alone (--loss none).

    accelerate launch train/pix2pix.py --loss focal --dataset facades
    accelerate launch train/pix2pix.py --dataset ./my_pairs --direction AtoB --width 64 --cap 512 --kimg 80

Without any option: the vanilla loss on Facades, label map to photograph, at a width for a CPU (some 4 pictures/s a
core). The second line has the paper's networks and budget, for a GPU. One critic step whatever the loss.
"""

from dataclasses import dataclass
from typing import Annotated

from train import arguments
from train.running import loop, options, resuming
from zoo.architectures import PIX2PIX
from zoo.losses import LOSSES

TAKEN = [name for name, loss in LOSSES.items() if loss.control not in PIX2PIX.refusals]


@dataclass(frozen=True, kw_only=True)
class Options(options.TranslationOptions):
    loss: Annotated[str, arguments.listed(TAKEN, "; none: L1 alone, without a critic")] = "vanilla"
    critic_steps: int = 1
    """critic steps to one of the generator"""
    kimg: float = 8
    """the budget: thousands of real pairs that the critic sees"""
    batch: int = 1
    """pairs per step and process"""
    lr: float = 2e-4
    """Adam's learning rate, of the generator and (unless --critic-lr says otherwise) of the critic"""
    mirror: bool = True
    """show half of the pairs mirrored"""


def main() -> None:
    loop.run("pix2pix", resuming.parse(Options, __doc__), script="pix2pix.py")


if __name__ == "__main__":
    arguments.exit_with_one_line(main)
