"""Train DCGAN on 28, 32, 64 or 128 pixel pictures with any loss of the zoo.

    accelerate launch train/dcgan.py --loss focal --dataset cifar10
    accelerate launch train/dcgan.py --loss hinge --dataset ./my_photos --size 64 --kimg 80

Without any option: the vanilla loss on CIFAR-10, in about ten minutes of one core; the second line takes 25. The run
ends as a checkpoint folder that zoo.load takes; an interrupted one is continued by --resume DIR alone. Small nets with
many small batches win by far on a CPU; on a GPU try --width 64 --batch 64 --lr 2e-4.
"""

from dataclasses import dataclass

from train import arguments
from train.reading import data
from train.running import loop, options, resuming


@dataclass(frozen=True, kw_only=True)
class Options(options.NoiseOptions):
    conditional: bool = False
    """tell both networks the class: cdcgan, for any data set with labels"""

    def generator_fields(self, pictures: data.Pictures) -> dict[str, int]:
        fields = super().generator_fields(pictures)
        if not self.conditional:
            return fields
        pictures.check_labelled("--conditional")
        return fields | {"classes": len(pictures.label_names)}


def main() -> None:
    chosen = resuming.parse(Options, __doc__)
    loop.run("cdcgan" if chosen.conditional else "dcgan", chosen, script="dcgan.py")


if __name__ == "__main__":
    arguments.exit_with_one_line(main)
