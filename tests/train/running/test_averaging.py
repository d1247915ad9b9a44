import copy

import numpy as np
import pytest
import torch
from torch import nn

from train.reading.decoded import Pictures
from train.running import averaging
from train.running.averaging import inputs, with_statistics
from train.running.cell import Cell, inference, rules
from train.running.options import NoiseOptions
from zoo.architectures import ARCHITECTURES, build_generator
from zoo.checkpoint import Inference
from zoo.step import play


def norms(net):
    return [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]


def test_the_average_is_exponential_and_moves_a_generator_step_at_a_time(make_game, make_batches):
    game = make_game("dcgan", "wgan", lr=0.01, ema_decay=0.7)
    expected = [p.clone() for p in game.average.parameters()]
    for i in range(3):
        play(game, make_batches("dcgan", 2, seed=i))
        expected = [
            0.7 * a + 0.3 * p.detach() for a, p in zip(expected, game.generator.parameters(), strict=True)
        ]
    for found, wanted, raw in zip(
        game.average.parameters(), expected, game.generator.parameters(), strict=True
    ):
        torch.testing.assert_close(found, wanted)
        assert found.dtype == torch.float32 and not found.requires_grad and not torch.equal(found, raw)


@pytest.fixture
def cell(tiny_fields):
    def make(name, **given):
        fields, rng = tiny_fields(name), np.random.default_rng(0)
        images = rng.integers(
            256, size=(20, fields["channels"], fields["size"], fields["size"]), dtype=np.uint8
        )
        labels = np.arange(20) % 2 if fields.get("classes") else None  # the data never has the third class
        maps = None
        if ARCHITECTURES[name].kind == "translation":
            maps = rng.integers(256, size=(20, 3, fields["size"], fields["size"]), dtype=np.uint8)
        pictures = Pictures("toy", "toy", None, "train", images, labels, maps=maps)
        options = NoiseOptions(loss="vanilla", width=4, latent=8, **given)
        return Cell(name, "toy.py", options, rules(name, options), pictures, fields, 1)

    return make


def measured(net, z, condition):
    """Mean and variance of what each batch norm is given, each (channels,), when one batch is all there is."""
    found = []
    net = copy.deepcopy(net).train()
    for norm in norms(net):
        norm.register_forward_hook(lambda _, given, out: found.append(given[0].transpose(0, 1).flatten(1)))
    with torch.no_grad():
        net(z, condition)
    return [(values.mean(1), values.var(1)) for values in found]


def misfit(net, truth):
    """The largest error of a running mean, in deviations, and of a logarithm of a running variance."""
    errors = [
        max(((n.running_mean - mean) / var.sqrt()).abs().max(), (n.running_var / var).log().abs().max())
        for n, (mean, var) in zip(norms(net), truth, strict=True)
    ]
    return max(errors).item()


@pytest.mark.parametrize("name", [name for name, row in ARCHITECTURES.items() if row.kind == "noise"])
def test_what_is_saved_has_the_statistics_of_its_own_activations(name, cell, tiny_fields, monkeypatch):
    monkeypatch.setattr(averaging, "PICTURES", 2000)
    torch.manual_seed(0)
    raw, of = build_generator(name, tiny_fields(name)), cell(name)
    chunks = list(inputs(of, torch.device("cpu")))
    z = torch.cat([z for z, _ in chunks])
    condition = torch.cat([c for _, c in chunks]) if chunks[0][1] is not None else None
    for rows in torch.arange(2000).split(100):  # the raw generator's statistics settle
        raw.train()(z[rows], None if condition is None else condition[rows])
    average = copy.deepcopy(raw).eval().requires_grad_(False)
    for parameter in average.parameters():
        parameter.mul_(1.5)
    before = copy.deepcopy(average.state_dict())

    saved = with_statistics(of, average)
    assert not saved.training and all(map(torch.equal, saved.parameters(), average.parameters()))
    assert all(
        map(torch.equal, average.state_dict().values(), before.values())
    )  # a copy, not the average itself
    if norms(average):
        truth = measured(average, z, condition)
        assert misfit(saved, truth) < 0.05 and misfit(average, truth) > 0.5
    again = with_statistics(of, average)
    assert all(map(torch.equal, saved.state_dict().values(), again.state_dict().values()))


@pytest.mark.parametrize(
    "given, n, chunk",
    [
        ({"kimg": 300}, 10_000, 250),  # 30 kimg from snapshot to snapshot
        ({"kimg": 40}, 2000, 250),
        ({"kimg": 4}, 200, 200),
        ({"kimg": 1}, 64, 64),
        ({"kimg": 300, "snapshot_kimg": 1}, 500, 250),
    ],
)
def test_statistics_take_half_as_many_pictures_as_were_seen_since_the_last_snapshot(
    given, n, chunk, cell, monkeypatch
):
    monkeypatch.setattr(averaging, "PICTURES", 10_000)
    sizes = [len(z) for z, _ in inputs(cell("dcgan", **given), torch.device("cpu"))]
    assert (sum(sizes), set(sizes)) == (n, {chunk})


def test_the_same_average_has_the_same_statistics_whatever_was_drawn_before(cell, tiny_fields):
    """A run that is stopped between its state and its checkpoint makes that again, in a new process."""
    net = build_generator("pix2pix", tiny_fields("pix2pix")).requires_grad_(False)
    assert any(isinstance(module, nn.Dropout) and module.p > 0 for module in net.modules())
    saved = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        saved.append(with_statistics(cell("pix2pix", batch=5), net))
        drawn = torch.rand(1)
        torch.manual_seed(seed)
        assert torch.rand(1) == drawn  # nor does it draw from what is drawn next
    for one, other in zip(*map(norms, saved), strict=True):
        assert torch.equal(one.running_mean, other.running_mean) and torch.equal(
            one.running_var, other.running_var
        )


@pytest.mark.parametrize("batch", [1, 5, 20])
def test_a_translating_generators_statistics_are_of_batches_as_it_was_trained(batch, cell, tiny_fields):
    """Also where all batches are one: then the running statistics are those of the batch itself."""
    torch.manual_seed(0)
    net, of = (
        build_generator("pix2pix", tiny_fields("pix2pix")).requires_grad_(False),
        cell("pix2pix", batch=batch),
    )
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # its noise is another matter
    chunks = [condition for _, condition in inputs(of, torch.device("cpu"))]
    assert {len(maps) for maps in chunks} == {batch} and sum(map(len, chunks)) >= averaging.MAPS
    assert all(len(maps.flatten(1).unique(dim=0)) == batch for maps in chunks)
    saved = with_statistics(of, net)
    of_each = [measured(net, None, maps) for maps in chunks]
    for i, norm in enumerate(norms(saved)):
        means, variances = (torch.stack([one[i][k] for one in of_each]).mean(0) for k in (0, 1))
        torch.testing.assert_close(norm.running_mean, means, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(norm.running_var, variances, rtol=1e-3, atol=1e-4)
    wanted = Inference(statistics="batch" if batch == 1 else "running", dropout=False)
    assert inference(of) == wanted and inference(cell("dcgan", batch=1)) == Inference()
