"""Start a script of train/ in several processes: `accelerate launch`, but it ends with the script's own line.

    python train/launch.py 4 train/dcgan.py --loss focal --dataset cifar10

A GPU for each, or without one the CPU's cores shared. What the launcher has defaults for is settled, and when the
script refuses something, or fails, it says so once: the launcher's own traceback tells nothing more.
"""

import logging
import os
import sys

from train import arguments
from zoo.errors import Refused


def main() -> None:
    number, *words = sys.argv[1:] or [""]
    if not number.isdigit() or int(number) < 2 or not words:
        raise Refused("give a number of processes, 2 or more, then a script with its options")
    import torch
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    if not torch.cuda.is_available():
        os.environ.setdefault("ACCELERATE_USE_CPU", "true")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(number))))
    settled = "--multi_gpu --num_machines 1 --mixed_precision no --dynamo_backend no --main_process_port 0 -q"
    logging.getLogger("torch.distributed.elastic").setLevel(
        logging.CRITICAL
    )  # which tells of each child's end
    try:
        launch_command(
            launch_command_parser().parse_args([*settled.split(), "--num_processes", number, *words])
        )
    except ChildFailedError as error:
        codes = [failure.exitcode for failure in error.failures.values()]
        sys.exit(next((code for code in codes if code > 0), 1))
    except SignalException as stop:  # its children have saved, if that took them no longer than 30 s
        sys.exit(128 + stop.sigval)


if __name__ == "__main__":
    arguments.exit_with_one_line(main)
