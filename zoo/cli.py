"""zoo list, info, sample, interpolate, translate, export, push, and train, evaluate, card: the zoo from a shell."""

import argparse
import contextlib
import dataclasses
import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo import commands
from zoo.errors import Refused, UnknownName, ZooError, printable

if TYPE_CHECKING:
    import zoo

STILLS = (".png", ".webp", ".jpg", ".jpeg")
ANIMATIONS = (".webp", ".gif")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 2 where the person who typed it has to change something."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # × to a file of a system that does not know it
    try:
        if words and words[0] in commands.HELP:  # these read their words themselves
            return commands.run(words[0], words[1:])
        options = parser().parse_args(words)
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: print(f"zoo: {message}", file=sys.stderr)
            options.run(options)
    except ZooError as error:
        print(f"zoo: {printable(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # of `zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options; each sets `run`."""
    parent = argparse.ArgumentParser(prog="zoo", description="A zoo of small GANs: see them, use them.")
    parent.add_argument("--version", action=_Version, help="say which release this is")
    all_of_them = parent.add_subparsers(required=True, metavar="COMMAND")

    def command(run: Callable[[argparse.Namespace], None], name: str, text: str) -> argparse.ArgumentParser:
        sub = all_of_them.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        sub.set_defaults(run=run)
        default = "" if run is list_ else " (default: the environment's ZOO_HUB_OWNER)"
        sub.add_argument("--owner", help=f"whose zoo on the Hub{default}")
        return sub

    def model(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "model", metavar="ID", help="an id of `zoo list`, a folder, or owner/repo[@revision]"
        )

    def output(sub: argparse.ArgumentParser, suffixes: Sequence[str]) -> None:
        sub.add_argument("--out", type=Path, required=True, metavar="FILE", help=" or ".join(suffixes))
        sub.add_argument("--device", default="cpu", help="cpu, cuda or mps (default: %(default)s)")

    listing = command(list_, "list", "list the models that are installed, or an --owner's on the Hub")
    listing.add_argument("pattern", nargs="?", help='part of their ids, or a pattern such as "*-focal-*"')

    about = command(info, "info", "tell what a model is and how it was measured")
    model(about)
    about.add_argument("--json", action="store_true", help="for programs")

    sampling = command(sample, "sample", "make a grid of pictures from noise")
    model(sampling)
    output(sampling, STILLS)
    sampling.add_argument("--n", type=int, default=64, help="how many (default: %(default)s)")
    sampling.add_argument("--seed", type=int, default=0, help="of the noise (default: %(default)s)")
    sampling.add_argument("--columns", type=int, help="of the grid (default: square, or one a class)")
    sampling.add_argument(
        "--labels", nargs="+", metavar="CLASS", help="name, or else number: one for all, or one per picture"
    )
    sampling.add_argument(
        "--truncation", type=float, metavar="T", help="keep the noise within ±T (0.7 is usual)"
    )

    morphing = command(interpolate, "interpolate", "turn one picture into another")
    model(morphing)
    output(morphing, (*STILLS, ".gif"))
    morphing.add_argument(
        "--seeds", type=int, nargs="+", default=[1, 2], help="2, or 4 for a plane in a still (default: 1 2)"
    )
    morphing.add_argument(
        "--labels", nargs="+", metavar="CLASS", help="name, or else number: one for all, or one per seed"
    )
    morphing.add_argument(
        "--steps", type=int, default=16, help="pictures from end to end (default: %(default)s)"
    )
    morphing.add_argument("--mode", default="slerp", help="slerp or lerp (default: %(default)s)")
    morphing.add_argument("--fps", type=float, default=12, help="of an animation (default: %(default)s)")

    translating = command(translate, "translate", "turn a map into a photograph")
    model(translating)
    translating.add_argument("map", type=Path, help="a picture of any size")
    output(translating, STILLS)
    translating.add_argument(
        "--seed", type=int, default=0, help="of dropout, if it stays on (default: %(default)s)"
    )
    translating.add_argument(
        "--truth", type=Path, metavar="PHOTO", help="what the map shows: print PSNR and SSIM against it"
    )

    exporting = command(export, "export", "write models as files that other languages and browsers run")
    exporting.add_argument(
        "models", nargs="+", metavar="ID", help="an id of `zoo list`, a folder, or owner/repo[@revision]"
    )
    exporting.add_argument("--out", type=Path, required=True, metavar="DIR", help="made where it is missing")
    exporting.add_argument(
        "--force", action="store_true", help="replace files that are no export of the model"
    )

    pushing = command(push, "push", "publish finished models as an --owner's repositories on the Hub")
    pushing.add_argument("models", nargs="+", metavar="ID_OR_FOLDER", help="an id of `zoo list`, or a folder")
    pushing.add_argument("--private", action="store_true", help="for you alone, where a repository is made")
    pushing.add_argument("--revision", metavar="BRANCH", help="made where it is missing (default: main)")
    pushing.add_argument(
        "--with-critic", action="store_true", help="the critics too, from which others may go on training"
    )
    for name, text in commands.HELP.items():
        all_of_them.add_parser(name, help=text, add_help=False)
    return parent


class _Version(argparse.Action):
    """Reads the package's metadata only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **given: Any):
        super().__init__(option_strings, dest, nargs=0, **given)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        import zoo

        print(f"zoo {zoo.__version__}")
        parser.exit()


# ---- the commands; what they need is imported once the options are known to be good


def list_(options: argparse.Namespace) -> None:
    from zoo import names

    found = names.list_models(options.pattern, owner=options.owner)
    if options.pattern and not found:
        raise UnknownName(f"no id matches '{options.pattern}'; without it, `zoo list` shows them all")
    for name in found:
        print(name)


def info(options: argparse.Namespace) -> None:
    import zoo

    found = zoo.info(options.model, owner=options.owner)
    if options.json:
        print(json.dumps({**dataclasses.asdict(found.config), "metrics": found.metrics._asdict()}, indent=1))
    else:
        from zoo.summary import describe

        print(describe(found))


def sample(options: argparse.Namespace) -> None:
    _check_output(options.out, STILLS)
    sheet = _load(options).grid(
        options.n,
        seed=options.seed,
        columns=options.columns,
        labels=_labels(options.labels),
        truncation=options.truncation,
    )
    _save(options.out, sheet.save)


def interpolate(options: argparse.Namespace) -> None:
    still = options.out.suffix.lower() not in ANIMATIONS
    _check_output(options.out, (*STILLS, ".gif"))
    if not still and len(options.seeds) != 2:
        raise Refused("an animation goes between 2 seeds: give 2, or write a .png for a plane of 4")
    frames = _load(options).interpolate(
        *options.seeds, steps=options.steps, mode=options.mode, labels=_labels(options.labels)
    )
    from zoo import pictures

    if still:
        _save(options.out, pictures.grid(frames, options.steps).save)
    else:
        there = [pictures.to_pil(frame) for frame in frames]
        film = there + there[-2:0:-1]  # and back, so that it has no end
        _save(options.out, lambda path: pictures.save_animation(film, path, fps=options.fps))


def translate(options: argparse.Namespace) -> None:
    _check_output(options.out, STILLS)
    from zoo import measures, pictures

    given = pictures.decode(options.map)
    truth = None if options.truth is None else pictures.decode(options.truth)
    if truth and truth.size != given.size:
        sizes = f"the map is {given.width}x{given.height}, the truth {truth.width}x{truth.height}"
        raise Refused(f"{sizes}: a pair needs one size")
    photograph = _load(options).translate(given, seed=options.seed)
    _save(options.out, photograph.save)
    if truth:
        pair = photograph, pictures.fit(truth, photograph.width).convert(photograph.mode)
        print(f"PSNR {measures.psnr(*pair):.2f} dB, SSIM {measures.ssim(*pair):.3f}, against {options.truth}")


def export(options: argparse.Namespace) -> None:
    from zoo import names
    from zoo.checkpoint import read
    from zoo.export import check_free, export, libraries

    libraries()  # what is missing is said before anything is fetched
    _check_folder(options.out)
    folders: dict[str, Path] = {}
    for name in options.models:
        folder = names.resolve(name, owner=options.owner)
        id = read(folder).id
        if folders.setdefault(id, folder).resolve() != folder.resolve():
            raise Refused(f"{folders[id]} and {folder} are both {id}: export one of them")
        if not options.force:
            check_free(options.out / f"{id}.onnx", id)
    import zoo

    for id, folder in folders.items():
        made = export(zoo.load(folder), options.out / f"{id}.onnx", force=options.force)
        far = f"at most {made.difference:.2g} of 255 levels from PyTorch in {made.pictures} pictures"
        print(f"{made.path}  {made.bytes / 1e6:.2f} MB, {far}", flush=True)


def push(options: argparse.Namespace) -> None:
    from zoo import names
    from zoo.checkpoint import read
    from zoo.config import owner_of
    from zoo.hub.push import published, push_model

    owner = owner_of(options.owner)
    if owner is None:
        raise Refused("whose zoo is it? Name the owner: --owner, or the environment's ZOO_HUB_OWNER")
    folders: dict[str, Path] = {}
    found, over = names.gathered(options.models)
    for name, why in over.items():
        if not found:
            raise Refused(f"{name}: {why}")
        print(f"zoo: {name} is passed over: {why}", file=sys.stderr)
    for folder in found:
        published(folder, with_critic=options.with_critic)  # all of them can be pushed, or none is
        if folders.setdefault(id := read(folder).id, folder).resolve() != folder.resolve():
            raise Refused(f"{folders[id]} and {folder} are both {id}: push one of them")
    for id, folder in folders.items():
        pushed = push_model(
            folder,
            f"{owner}/{id}",
            private=options.private,
            revision=options.revision,
            with_critic=options.with_critic,
        )
        print(pushed)


def _load(options: argparse.Namespace) -> "zoo.Model":
    import zoo
    from zoo import names

    folder = names.resolve(options.model, owner=options.owner)  # a typo is told before torch is imported
    return zoo.load(folder, device=options.device)


def _labels(given: list[str] | None) -> list[str] | str | None:
    if given is None:
        return None
    return given[0] if len(given) == 1 else given


# ---- what goes out


def _check_output(path: Path, suffixes: Sequence[str]) -> None:
    """Refused, before any work is done, where `path` cannot be written or says no format."""
    if path.suffix.lower() not in suffixes:
        raise Refused(f"--out {path} must end in {', '.join(suffixes)}")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise Refused(f"--out {path} cannot be written: name a file in an existing folder of yours")


def _check_folder(path: Path) -> None:
    """The same of a folder, which may have to be made."""
    if path.suffix.lower() == ".onnx":
        raise Refused(f"--out {path} names a folder, in which each model has its id for a name")
    there = next(place for place in (path, *path.absolute().parents) if os.access(place, os.F_OK))
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise Refused(f"--out {path} cannot be written: name a folder of yours")


def _save(path: Path, save: Callable[[Path], None]) -> None:
    """Let `save` write beside `path` and move it there when it is whole."""
    temporary = path.with_name(f".{path.stem[:32]}.tmp{path.suffix}")
    try:
        save(temporary)
        temporary.replace(path)
    except (OSError, ValueError, RuntimeError) as error:  # the last two: what a format cannot hold
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"--out {path} cannot be written: {reason}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
