"""Recipes: what ships holds what it should, and slips are refused."""

import sys
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

import pytest
import tyro

from tests.train.sweeping.stand_ins import MINE
from train.running import loop
from train.running.cell import rules
from train.running.options import words
from train.sweeping import recipe
from train.sweeping.recipe import options_of
from zoo import architectures, losses
from zoo.errors import Refused, ZooError

BUDGETS = [
    (name, budget)
    for name in recipe.shipped()
    for budget in recipe.parse(recipe.SHIPPED / f"{name}.toml").keys() & {"cpu", "gpu"}
]


@pytest.mark.parametrize("name, budget", sorted(BUDGETS))
def test_a_shipped_recipe_holds_cells_that_its_scripts_and_the_rules_take(name, budget):
    for cell in recipe.read(name, budget):
        rules(cell.architecture, cell.options)
        if cell.first:  # further seeds differ in --seed alone
            parsed = tyro.cli(options_of(cell.script), args=cell.arguments(Path("runs")))
            assert parsed == replace(cell.options, out=Path("runs") / name / cell.name, resume=True)


@pytest.mark.parametrize("name", recipe.shipped())
def test_a_family_is_one_protocol(name):
    tested = {"loss", "loss_fields", "seed", "conditional", "variant"}
    if name == "controls":
        tested |= {"critic_steps", "critic_norm", "spectral_norm", "kimg", "l1_weight"}
    if name == "lsgan-fashion-mnist":
        tested |= {"kimg"}  # of the seed that goes on to the source's own
    if name == "protocol":
        tested |= {"lr", "critic_norm", "spectral_norm", "kimg"}
    if name == "augmentation":
        tested |= {"augment"}
    protocols = {}
    for cell in recipe.read(name):
        options = {k: v for k, v in asdict(cell.options).items() if k not in tested}
        assert "auto" not in (options["precision"], options["memory_format"])
        if name == "starter-zoo" and options["dataset"] == "cifar10" and cell.options.loss == "dragan":
            options["precision"] = "bf16"  # trained anew in float32: its card says so
        if name == "starter-zoo" and options["dataset"] == "facades":
            options["precision"] = "float32"  # of three it is bf16: their cards say so
        family = cell.architecture.split("-")[0]  # a convgan-bn is a convgan
        assert protocols.setdefault((family, options["dataset"]), options) == options


VARIANTS = ("convgan-bn", "convgan-deep", "convgan-bn-after")


def test_the_starter_zoo_holds_every_pair_that_may_be_in_the_order_of_interest():
    plan = recipe.read("starter-zoo")
    families = ("dcgan", "cdcgan", "sngan", "convgan", "pix2pix")
    allowed = {("pix2pix", "none")}
    for family in families:
        for loss in losses.LOSSES:
            try:
                architectures.plan_critic(family, loss, losses.get(loss))
            except Refused:
                continue
            allowed.add((family, loss))
    bundled = [(cell.architecture, cell.options.loss) for cell in plan if cell.bundled]
    besides = {
        *(((net, "fashion-mnist"), loss) for net in VARIANTS for loss in ("vanilla", "lsgan")),
        *((("cdcgan", "fashion-mnist"), loss) for loss in ("lsgan", "focal")),
        *((("dcgan", "cats64"), loss) for loss in ("focal", "vanilla", "lsgan", "wgan-gp", "wgan", "hinge")),
    }
    own = {"convgan": "fashion-mnist", "pix2pix": "facades"}  # the other families' is CIFAR-10
    wanted = {((family, own.get(family, "cifar10")), loss) for family, loss in allowed} | besides
    cells = [((cell.architecture, cell.options.dataset), cell.options.loss) for cell in plan if cell.bundled]
    assert len(cells) == len(set(cells)) and set(cells) == wanted
    assert [name for name, _ in bundled[:14]] == ["dcgan"] * 6 + ["sngan"] * 3 + ["cdcgan"] * 5
    assert {cell.options.seed for cell in plan if not cell.bundled} == {1, 2}


@pytest.mark.parametrize("budget", ["cpu", "gpu"])
def test_a_control_differs_from_the_starter_zoo_in_one_thing(budget):
    starters = {cell.kind: cell.options for cell in recipe.read("starter-zoo", budget) if cell.first}
    differences = {}
    for cell in recipe.read("controls", budget):
        here, there = asdict(cell.options), asdict(starters[cell.id])
        differences[cell.tag] = {key for key in here if here[key] != there[key]}
    assert differences == {
        "five-critic-steps": {"critic_steps"},
        "layer-norm": {"critic_norm", "spectral_norm"},
        "five-budgets": {"kimg"},
        "l1-weight-60": {"l1_weight"},
    }


@pytest.mark.parametrize("architecture", architectures.ARCHITECTURES)
def test_the_script_of_an_architecture_builds_it(architecture, monkeypatch):
    asked = []
    monkeypatch.setattr(loop, "run", lambda name, options, script: asked.append((name, script)))
    row = architectures.get(architecture)
    arguments = words(recipe.build(row.script, {}, row.options))
    monkeypatch.setattr(sys, "argv", [row.script, *arguments])
    import_module(f"train.{row.script}").main()
    assert asked == [(architecture, f"{row.script}.py")]
    assert row.command.split() == [f"train/{row.script}.py", *arguments]


def test_seeds_come_one_after_another_and_the_first_is_the_cell_itself(write_recipe):
    text = MINE + 'seeds = [3, 5]\n[[cells]]\narchitectures = ["dcgan"]\nlosses = "all"\nseeds = [5]\n'
    plan = recipe.read(write_recipe(text))
    names = [cell.name.replace("dcgan-", "").replace("-cifar10", "") for cell in plan]
    assert names[:6] == ["vanilla", "focal", "lsgan", "vanilla-seed5", "focal-seed5", "lsgan-seed5"]
    assert names[6:] == [name for name in losses.LOSSES if name not in names[:3]]  # the rest
    assert not any(cell.bundled for cell in plan)


def test_all_leaves_alone_what_a_block_before_it_has_named_whatever_its_options(write_recipe):
    text = MINE + '[[cells]]\narchitectures = ["dcgan"]\nlosses = "all"\nbatch = 8\n'
    plan = recipe.read(write_recipe(text))
    batches = {cell.options.loss: cell.options.batch for cell in plan}
    assert batches == dict.fromkeys(losses.LOSSES, 8) | dict.fromkeys(("vanilla", "focal", "lsgan"), 4)


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("[options]", "[option]", "no key named 'option': did you mean options"),
        ("precision", "precison", "did you mean precision"),
        ('"float32"', '"float23"', "precision must be Literal"),
        ("batch = 4", 'batch = "4"', "batch must be int, not '4'"),
        ("batch = 4", "batch = 0", "--batch must be above 0"),
        ("batch = 4", "seed = 4", "no option of dcgan.py for recipes named 'seed'"),
        ("cpu.dcgan", "cpu.dcgam", "did you mean dcgan"),
        ("cpu.dcgan", "cpu.sngan", "the budget has no table [dcgan]"),
        ('"focal"', '"focl"', "no loss named 'focl': did you mean focal"),
        ('["dcgan"]', '["dcgn"]', "no architecture named 'dcgn': did you mean dcgan"),
        ('["dcgan"]', '"dcgan"', "architectures must be list"),
        ("architectures", "architecture", "[[cells]] needs architectures"),
        ('"focal"', '"none"', "--loss none is for pix2pix"),
        ("losses =", "loss_fields = ['gama=1']\nlosses =", "no field of the loss"),
        ("[[cells]]", '[[cells]]\narchitectures = ["dcgan"]\nlosses = "all"\nlr = 1\n[[cells]]', "a tag"),
        ("about", "about = 1\n#", "an about text"),
        ("about", "about =", "cannot be read"),
    ],
)
def test_a_recipe_with_a_slip_is_refused_in_one_line(old, new, words, write_recipe):
    with pytest.raises(ZooError) as caught:
        recipe.read(write_recipe(MINE.replace(old, new, 1)))
    assert words in str(caught.value) and str(caught.value).startswith("mine.toml: ")
    assert "\n" not in str(caught.value)


def test_a_recipe_that_is_not_there_is_refused_with_its_near_matches():
    with pytest.raises(ZooError, match="did you mean lucic-seven"):
        recipe.read("lucic-sevn")


def test_an_architecture_may_depart_from_its_scripts_budget_and_cells_from_both(write_recipe):
    cells = '[[cells]]\narchitectures = ["dcgan", "cdcgan"]\nlosses = ["vanilla"]\n'
    text = f'about = "a"\n[cpu.dcgan]\nlr = 1e-4\nwidth = 8\n[cpu.cdcgan]\nlr = 2e-4\n{cells}'
    found = {cell.architecture: cell.options for cell in recipe.read(write_recipe(text))}
    assert {name: (options.lr, options.width) for name, options in found.items()} == {
        "dcgan": (1e-4, 8),
        "cdcgan": (2e-4, 8),
    }
    beside = recipe.read(write_recipe(text + 'tag = "fast"\nlr = 1e-3\n', "beside"))
    assert {cell.options.lr for cell in beside} == {1e-3}


def test_a_budget_may_be_a_file_of_ones_own(write_recipe):
    budget = write_recipe("[dcgan]\nwidth = 8\n", "small")
    assert {cell.options.width for cell in recipe.read(write_recipe(MINE), budget)} == {8}
    with pytest.raises(ZooError, match=r"bad\.toml: no script or architecture named 'dcgon'"):
        recipe.read(write_recipe(MINE), write_recipe("[dcgon]\n", "bad"))
