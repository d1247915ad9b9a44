"""A training run, top to bottom, in the order in which it happens.

Every random number of step i comes from a generator seeded with (seed, process, i), and the order of pictures from
(seed, epoch). So there is no random state to save, and a resumed run draws what the uninterrupted one would have.
"""

import itertools
import signal
import time
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch._dynamo
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from train.reading import data
from train.running import folder, memory, stopping
from train.running.auto import settle
from train.running.averaging import halved, with_statistics
from train.running.cell import Cell, build_game, config, in_layout, rules
from train.running.comparing import identity
from train.running.graphs import Graphed
from train.running.options import as_recorded, augmented, check, completed, settled, without_path
from train.running.provenance import commit
from train.running.resuming import kept_aside, may_differ, prolonged
from train.running.schedule import Schedule
from train.running.starting import Start
from train.running.tally import Tally
from zoo import architectures, checkpoint, facades, pictures
from zoo.config import owner_of
from zoo.errors import TrainingError, ZooError
from zoo.step import Batch, Game, play

# The first optimiser imports torch._dynamo. Imported after the processes have met, it holds on to their group: Gloo's
# threads then outlive `end_training`, and one that still needs Python while that shuts down aborts the process.


def run(architecture: str, options, *, script: str) -> Path:
    """Train what `options` say; gives the checkpoint folder. ZooError, in one line, where that cannot be."""
    memory.keep()
    stopping.end_with_launcher()
    # What may not be is refused before anything is read or written.
    check(options)
    loss_rules = rules(architecture, options)
    if options.size is not None:
        architectures.check_size(architecture, options.size)

    if options.from_ is not None and not options.resume:
        Start.of(options)

    accelerator = Accelerator(log_with=options.log_with, project_dir=options.out or "runs")
    if options.push_to_hub and accelerator.is_main_process:
        from zoo.hub.push import check_access

        check_access(owner_of(options.hub_owner))
    # One process decodes and the others wait at the cache's lock: a collective would not outlast a large set.
    loaded = options.load_pictures(max(architectures.get(architecture).sizes))
    fields = options.generator_fields(loaded)
    architectures.check_fields(architecture, fields)
    cell = Cell(architecture, script, options, loss_rules, loaded, fields, accelerator.num_processes)
    make_feed(cell, accelerator)  # or a batch does not fit
    if fields.get("classes") and accelerator.is_main_process and (told := loaded.never_seen()):
        tqdm.write(told)
    out = Path(options.out or Path("runs") / cell.id)
    if not accelerator.is_main_process or not (out / folder.STATE).exists():
        return begin_or_resume(cell, out, accelerator)
    with stopping.alone(out):
        return begin_or_resume(cell, out, accelerator)


def begin_or_resume(cell: Cell, out: Path, accelerator: Accelerator) -> Path:
    """The run in `out`, from where it is to the end of the budget."""
    architecture, options, loaded = cell.architecture, cell.options, cell.pictures
    # Machine-dependent settings are chosen once, before seeding, and stored with the run.
    state = folder.read_run(out)
    if state is None and (out / "config.json").exists():
        raise TrainingError(
            f"{out} holds a checkpoint without the state to go on from: start elsewhere with --out"
        )
    options = with_augmentation(options, state, len(loaded), accelerator)
    options, start = started(replace(cell, options=options), state, accelerator)
    before = {} if state is None else completed(state["options"], type(options))
    if state is not None and options.resume:
        before, options = prolonged(before, options)
    cell = replace(cell, options=options)
    schedule = Schedule.of(cell)
    sizes = {"processes": cell.processes, "pictures": len(loaded)}
    recorded = {"architecture": architecture, **as_recorded(options), **sizes}
    if state is None:
        settings = [settle(cell, accelerator.device) if accelerator.is_main_process else None]
        if cell.processes > 1:
            broadcast_object_list(settings)
        state = settings[0] | {"g_steps": 0, "seconds": 0.0}
    elif options.resume:
        if "architecture" not in before:  # older runs said it in the checkpoint alone, and kept paths
            before |= {"architecture": checkpoint.read(out).architecture["name"]}
        before |= {"dataset": without_path(before["dataset"])}
        folder.check_same(out, settled(before, state), settled(recorded, state), may_differ(state))
        if state.get("data", seen := identity(loaded)) != seen:
            raise TrainingError(f"{out} was trained on other pictures than {options.dataset} holds: --out")
    else:
        raise TrainingError(f"{out} already holds a run: --resume goes on with it, --out starts elsewhere")

    state |= {"options": recorded, "aside": kept_aside(options), "data": identity(loaded)}
    checkpoint.check_config(config(cell, state, g_steps=0, seconds=1.0, device=accelerator.device))
    if state["g_steps"] < schedule.total or not folder.is_told(out, schedule.total, along=True):
        if state["g_steps"] and accelerator.is_main_process:
            tqdm.write(f"goes on from {state['g_steps'] * cell.pictures_per_step / 1000:.4g} kimg")
        with stopping.alone(out) if accelerator.is_main_process and not before else nullcontext():
            train(cell, state, schedule, out, accelerator, start)
    if accelerator.is_main_process:
        folder.write_progress(out)
        name = out if "/" in str(out) else f"./{out}"
        tqdm.write(f'{out} is done: samples.png in it shows what it makes; zoo.load("{name}") brings it back')
        if options.push_to_hub:
            publish(out, options)
    return out


def with_augmentation(options, state: dict | None, pictures: int, accelerator: Accelerator):
    """The options with what --augment auto means: what the run began with, else by the folder's size, which is said."""
    if options.augment != "auto":
        return options
    if state is not None:
        return replace(options, augment=completed(state["options"], type(options))["augment"])
    decided = augmented(options, pictures)
    if decided.augment not in ("auto", "none") and accelerator.is_main_process:
        tqdm.write(
            f"{pictures} pictures are few: the critic sees them varied in colour and place (--augment"
            f" {decided.augment}; --augment none leaves it out)"
        )
    return decided


def started(cell: Cell, state: dict | None, accelerator: Accelerator):
    """The options with the hashes of what --from begins with, and that; a run that has begun needs it no more."""
    options = cell.options
    if options.from_ is None:
        return options, None
    if state is not None:
        then = completed(state["options"], type(options))
        if folder.alike("from", then["from"], options.from_):
            options = replace(options, from_=then["from"])
        return replace(options, from_sha256=options.from_sha256 or tuple(then["from_sha256"])), None
    start = Start.of(options)
    start.check(cell)
    if accelerator.is_main_process:
        tqdm.write(start.told(cell))
    return replace(options, from_sha256=start.recorded(cell)), start


def train(
    cell: Cell, state: dict, schedule: Schedule, out: Path, accelerator: Accelerator, start: Start | None
) -> None:
    """From `state` to the end of the budget; a `start` fills the nets of a run that has no state yet."""
    state = state | {"commit": commit()}  # of the code that runs, whatever is edited meanwhile
    options, device, main = cell.options, accelerator.device, accelerator.is_main_process
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    game = build_game(cell, state["precision"], state["memory_format"], device)
    if cell.processes > 1:
        game.mean_over_processes = lambda tensor: accelerator.reduce(tensor, "mean")
    if "generator" in state:
        folder.restore(game, state)
    elif start is not None:
        start.fill(game, cell)
    feed = make_feed(cell, accelerator)
    done = state["g_steps"]
    batches = feed.batches(done * cell.rules.critic_steps)
    rng, dropout = torch.Generator(device), default_generator(device)
    graphed = state["cuda_graphs"] and device.type == "cuda"  # a run of a GPU may go on without one
    step = Graphed(game, rng) if graphed else partial(play, game, rng=rng)

    tally = Tally(device, state.pop("tally", None))
    history = folder.History(out / "history.jsonl", done, tally.steps) if main else None
    if options.log_with:
        accelerator.project_configuration.logging_dir = str(
            out
        )  # or several runs' curves lie over each other
        accelerator.init_trackers("gan-zoo", config={k: str(v) for k, v in state["options"].items()})
    bar = tqdm(
        desc=cell.id,
        total=schedule.total * cell.pictures_per_step,
        initial=done * cell.pictures_per_step,
        unit=" pictures",
        unit_scale=True,
        mininterval=1,
        disable=not main,
    )
    inputs = sample_inputs(cell.pictures) if main else []
    began = time.perf_counter()

    def save(seconds: float, *, part: dict | None = None) -> None:
        """The state, then the checkpoint that it can make again: stopped between them, a run goes on."""
        if part != {}:
            now = {"g_steps": done, "seconds": seconds} | ({"tally": part} if part else {})
            folder.write_state(out, state | now | folder.game_state(game))
        tensors, rounding = halved(cell, with_statistics(cell, game.average))
        about = config(cell, state, g_steps=done, seconds=seconds, device=device)
        critic = None if game.critic is None else game.critic.state_dict()
        folder.write_snapshot(out, about, tensors, rounding, inputs, critic, along=schedule.is_due(done))

    with bar, stopping.Stop() as stop:
        if main and done and not folder.is_told(out, done, along=schedule.is_due(done)):
            save(state["seconds"], part={})
        while done < schedule.total:
            entropy = seed_of(options.seed, accelerator.process_index, done)
            rng.manual_seed(entropy)
            if done >= options.lr_decay_from * schedule.total:
                decay_lrs(cell, game, done / schedule.total)
            raws = itertools.islice(batches, cell.rules.critic_steps)
            drawn = [in_layout(prepare(cell, raw, rng), state["memory_format"]) for raw in raws]
            dropout.manual_seed(entropy)  # only now: a data loader that starts draws from it, too
            done += 1
            tally.add(done, step(drawn))
            bar.update(cell.pictures_per_step)
            if done % schedule.log_every and done < schedule.total:
                if stop.asked is not None and cell.processes == 1:
                    if tally.broken:
                        raise_not_finite(out, cell, tally.broken)
                    save(state["seconds"] + time.perf_counter() - began, part=tally.part())
                    leave(stop, cell, done, out)
                continue

            values, bad_step = tally.read(accelerator)
            if bad_step is not None:
                raise_not_finite(out, cell, bad_step)
            seconds = state["seconds"] + time.perf_counter() - began
            kimg = done * cell.pictures_per_step / 1000
            if main:
                history.add({"kimg": kimg, "g_steps": done, **values, "seconds": seconds})
                bar.set_postfix(d=f"{values.get('d_loss', 0):.3f}", g=f"{values.get('g_loss', 0):.3f}")
            accelerator.log({"kimg": kimg, **values}, step=done)
            if schedule.is_due(done):
                if main:
                    save(seconds)
                accelerator.wait_for_everyone()
            if stop.asked_of_any(accelerator) and done < schedule.total:
                if main and not schedule.is_due(done):
                    save(seconds)
                leave(stop, cell, done, out)
    accelerator.end_training()


def leave(stop: stopping.Stop, cell: Cell, done: int, out: Path) -> None:
    kimg = done * cell.pictures_per_step / 1000
    told = f"stopped at {kimg:.4g} of {cell.options.kimg:g} kimg; --resume {out} goes on from there"
    stop.leave(stop.asked or signal.SIGTERM, told)


def publish(out: Path, options) -> None:
    """Make the card, and push the folder; what has not been measured is said to be so."""
    from cards.build import build  # matplotlib, and the Hub's client
    from zoo.hub.push import push_model

    owner = owner_of(options.hub_owner)
    try:
        build(out)
        repository = f"{owner}/{checkpoint.read(out).id}"
        pushed = push_model(out, repository, private=options.private, revision=options.hub_revision)
    except ZooError as error:
        raise TrainingError(
            f"{error}; the run itself is done: 'zoo push {out} --owner {owner}' sends it"
        ) from None
    tqdm.write(f"{pushed.url} {'holds it' if pushed.sent else 'held it already'}")


def make_feed(cell: Cell, accelerator: Accelerator) -> data.Feed:
    return data.Feed(
        cell.pictures,
        cell.options.batch,
        device=accelerator.device,
        seed=cell.options.seed,
        rank=accelerator.process_index,
        world=cell.processes,
    )


def prepare(cell: Cell, raw: data.Raw, rng: torch.Generator) -> Batch:
    """What the step needs: pictures in [-1, 1], mirrored or jittered, their condition, and noise."""
    real, condition = data.augment(raw, rng, mirror=cell.options.mirror, jitter=cell.jitter)
    latents = None
    if "latent" in cell.fields:
        latents = torch.randn(len(real), cell.fields["latent"], generator=rng, device=real.device)
    return Batch(real, condition, latents)


def sample_inputs(given: data.Pictures) -> list[Image.Image]:
    """Six fixed inputs of a translating generator: made-up façades, or the first of the user's own maps."""
    if given.maps is None:
        return []
    if given.palette == "facades":
        return [facades.random_building(seed) for seed in range(6)]
    return [pictures.to_pil(torch.from_numpy(given.maps[i].copy())) for i in range(min(6, len(given)))]


def seed_of(*numbers: int) -> int:
    """One seed for a tuple of whole numbers, as independent of its neighbours' as can be."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def default_generator(device: torch.device) -> torch.Generator:
    """The one that dropout draws from."""
    if device.type == "cuda":
        torch.cuda.init()
        return torch.cuda.default_generators[device.index or 0]
    return torch.mps._get_default_mps_generator() if device.type == "mps" else torch.default_generator


def decay_lrs(cell: Cell, game: Game, progress: float) -> None:
    """Linearly to zero at the end of the budget."""
    factor = (1 - progress) / (1 - cell.options.lr_decay_from)
    lr_g, lr_d = cell.options.lr, cell.options.critic_lr or cell.options.lr
    for optimiser, lr in ((game.optimiser_g, lr_g), (game.optimiser_d, lr_d)):
        if optimiser is None:
            continue
        group = optimiser.param_groups[0]
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(lr * factor)
        else:
            group["lr"] = lr * factor


def raise_not_finite(out: Path, cell: Cell, step: int) -> None:
    kept = (
        f"the last good checkpoint is in {out}" if (out / "config.json").exists() else "nothing was saved yet"
    )
    kimg = step * cell.pictures_per_step / 1000
    raise TrainingError(
        f"NaN or infinity at generator step {step} ({kimg:.1f} kimg): {kept}; try a lower --lr or --precision float32"
    )
