"""Train the small classifier that measures of mode collapse and memorisation see a data set's pictures through.

    python train/classifier.py --dataset cifar10
    python train/classifier.py --dataset ./my_photos --size 64 --epochs 30

It leaves train/classifiers/<data set>.safetensors (half precision, below 2 MB) and a .json beside it with the accuracy
on the test split, or on the validation split where there is no other. evaluate.py finds both by the data set's name
and id, or its name and classes where it has no id, and needs no training pictures for it.
"""

import hashlib
import json
import shlex
import time
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from train import arguments
from train.evaluation import small_classifier
from train.evaluation.small_classifier import SMALLEST, WIDTH, Classifier
from train.reading import data, files
from train.running.provenance import commit, hardware
from zoo import pictures
from zoo.errors import Refused
from zoo.files import replace_file
from zoo.latents import check_seed


@dataclass(frozen=True, kw_only=True)
class Options(data.DataOptions):
    epochs: int = 6
    """passes over the training split"""
    batch: int = 128
    """pictures per step; all of them where there are fewer"""
    lr: float = 0.2
    """the highest of one cycle of learning rates (SGD with Nesterov's momentum)"""
    seed: int = 0
    """of weights and order of pictures"""
    out: Path = small_classifier.FOLDER
    """the folder that the weights are left in"""


def train(chosen: Options) -> Path:
    """Train and save; the path of the weights. Refused for a set without classes."""
    torch.manual_seed(check_seed(chosen.seed))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    training = data.load(chosen)
    training.check_labelled("a classifier")
    # As the net takes them: a split may be grey alone, or its first picture of another size.
    shaped = replace(chosen, size=training.size, channels=training.channels)
    test = files.find_unseen(lambda split: data.load(replace(shaped, split=split)))
    test.check_labelled(f"the accuracy on split {test.split}")
    if chosen.epochs < 1 or chosen.batch < 1:
        raise Refused(f"--epochs and --batch are at least 1, not {chosen.epochs} and {chosen.batch}")
    if (seen := len(np.unique(training.labels))) < 2:
        raise Refused(
            f"a classifier tells classes apart, and the pictures of {training.name} show {seen}: add a class folder,"
            " or give another --label-column"
        )
    if training.size < SMALLEST:
        raise Refused(
            f"the classifier sees pictures of at least {SMALLEST} pixels, not {training.size}: --size"
        )
    batch = min(chosen.batch, len(training))
    net = Classifier(training.channels, len(training.label_names)).to(
        device, memory_format=torch.channels_last
    )
    steps = chosen.epochs * (len(training) // batch)
    optimiser = torch.optim.SGD(
        net.parameters(), lr=chosen.lr, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    rise = 0.25 if steps != 4 else 0.5  # torch divides by 0 where the rise is the first step alone
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, chosen.lr, total_steps=steps, pct_start=rise)
    feed = data.Feed(training, batch, device=device, seed=chosen.seed).batches()
    rng = torch.Generator().manual_seed(chosen.seed)
    began, began_cores = time.perf_counter(), time.process_time()
    bar = tqdm(range(steps), desc=f"classifier of {training.name}", unit=" steps")
    for step, raw in zip(bar, feed, strict=False):
        x = augment(pictures.to_float(raw.images), rng).contiguous(memory_format=torch.channels_last)
        with torch.autocast(
            device.type, torch.bfloat16, enabled=device.type == "cuda"
        ):  # a CPU may only emulate it
            logits = net(x)
        loss = F.cross_entropy(logits.float(), raw.condition, label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            bar.set_postfix(loss=f"{loss.item():.3f}")
    took = {"seconds": time.perf_counter() - began, "core_seconds": time.process_time() - began_cores}
    return save(net.float().cpu(), chosen, training, test, took, hardware(device))


def augment(x: Tensor, rng: torch.Generator) -> Tensor:
    """Every second picture mirrored, and all shifted by up to an eighth of their side, the border reflected."""
    n, _, _, size = x.shape
    margin = size // 8
    mirrored = torch.randint(2, (n,), generator=rng).bool().to(x.device)
    x = torch.where(mirrored[:, None, None, None], x.flip(-1), x)
    places = torch.randint(2 * margin + 1, (n, 2), generator=rng).tolist()
    x = F.pad(x, (margin,) * 4, mode="reflect")
    return torch.stack([one[:, y : y + size, x : x + size] for one, (y, x) in zip(x, places, strict=True)])


def save(
    net: Classifier,
    chosen: Options,
    training: data.Pictures,
    test: data.Pictures,
    took: dict[str, float],
    machine: str,
) -> Path:
    """Weights in half precision and what they are; the accuracy is measured with the saved ones."""
    tensors = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    content = safetensors.torch.save({k: v.contiguous() for k, v in tensors.items()})
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()})
    accuracy = accuracy_of(net.eval(), test)
    about = {
        "dataset": training.name,
        "id": training.id,
        "labels": list(training.label_names),
        "size": training.size,
        "channels": training.channels,
        "width": WIDTH,
        "parameters": sum(p.numel() for p in net.parameters()),
        "accuracy": accuracy,
        "accuracy_on": f"{test.split}, {len(test):,} pictures",
        **{name: round(value, 1) for name, value in took.items()},
        "hardware": machine,
        "command": shlex.join(_command(chosen)),
        "commit": commit(),
        "torch_version": torch.__version__,
        "date": date.today().isoformat(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    path = chosen.out / f"{training.name}.safetensors"
    replace_file(path, content)
    replace_file(path.with_suffix(".json"), (json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())
    print(f"{path}: {accuracy:.2%} of split {test.split} right, {took['core_seconds']:.0f} core-seconds")
    return path


def accuracy_of(net: Classifier, test: data.Pictures) -> float:
    """Share of the pictures of a set that are told right, in float32."""
    right = 0
    with torch.inference_mode():
        for start in range(0, len(test), 250):
            x = pictures.to_float(torch.from_numpy(np.array(test.images[start : start + 250])))
            right += int((net(x).argmax(1).numpy() == test.labels[start : start + 250]).sum())
    return right / len(test)


def _command(chosen: Options) -> list[str]:
    words = ["python", "train/classifier.py"]
    for field in fields(Options):
        value, flag = getattr(chosen, field.name), f"--{field.name.replace('_', '-')}"
        if field.name in ("out", "data_dir", "resident_gb") or value == field.default:
            continue  # where things lie on this machine
        value = Path(value).name if field.name == "dataset" and Path(value).is_dir() else value
        words += [flag] if value is True else [flag, str(value)]
    return words


def main() -> None:
    train(arguments.parse(Options, __doc__))


if __name__ == "__main__":
    arguments.exit_with_one_line(main, stopped="stopped")
