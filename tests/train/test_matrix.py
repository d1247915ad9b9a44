"""Every loss with every architecture, from the tables: a new row of either is tested without a line here."""

from dataclasses import asdict, fields
from itertools import product

import pytest
import torch

from zoo import checkpoint, latents, losses
from zoo.architectures import ARCHITECTURES, plan_critic
from zoo.config import Config, Dataset, Training
from zoo.errors import Refused
from zoo.losses import LOSSES
from zoo.model import Model
from zoo.step import play


def refusal(name, loss):
    try:
        plan_critic(name, loss, losses.get(loss))
    except Refused as why:
        return str(why)
    return None


MATRIX = {(name, loss): refusal(name, loss) for name, loss in product(ARCHITECTURES, LOSSES)}
ALLOWED = [pair for pair, why in MATRIX.items() if why is None]


def test_every_cell_is_either_trained_or_refused_with_a_reason():
    for (name, loss), why in MATRIX.items():
        if why is not None:
            assert name in why and loss in why and len(why) > len(name + loss) + 30 and "\n" not in why
    assert {name for name, _ in ALLOWED} == set(ARCHITECTURES) and {loss for _, loss in ALLOWED} == set(
        LOSSES
    )
    assert len([name for name, _ in ALLOWED if name == "dcgan"]) == len(LOSSES)


def finite(net):
    return all(tensor.isfinite().all() for tensor in net.state_dict().values())


def make_config(name, loss, of):
    some = {int: 1, float: 0.5, str: "some", bool: False, tuple[float, float]: (0.5, 0.9)}
    training = Training(**{f.name: some.get(f.type) for f in fields(Training)})
    data = {"name": "toy", "id": None, "revision": None, "split": "train", "pictures": 9}
    return Config(
        id=f"{name}-{loss}-toy",
        architecture={"name": name, **of},
        critic=asdict(plan_critic(name, loss, losses.get(loss))),
        loss=losses.describe(losses.get(loss)),
        dataset=Dataset(**data, size=of["size"], channels=of["channels"]),
        training=training,
    )


@pytest.mark.parametrize("name, loss", ALLOWED)
def test_a_pair_takes_two_finite_steps_and_survives_save_and_load(
    name, loss, make_game, make_batches, tiny_fields, tmp_path
):
    game = make_game(name, loss)
    weights = [p for net in (game.generator, game.critic) for p in net.parameters() if p.ndim > 1]
    before = [weight.clone() for weight in weights]
    for step in range(2):
        seen = play(game, make_batches(name, min(2, game.loss.critic_steps), seed=step))
        assert {"d_loss", "g_loss", "penalty", "grad_norm_d", "grad_norm_g", "d_accuracy"} <= seen.keys()
        assert all(value.isfinite() and value.shape == () for value in seen.values())
        assert (seen["penalty"] > 0) == (game.penalty is not None)
    assert finite(game.generator) and finite(game.critic) and finite(game.average)
    assert not any(map(torch.equal, weights, before))

    of = tiny_fields(name)
    checkpoint.write(tmp_path, make_config(name, loss, of), game.generator.state_dict())
    model, net = Model.from_pretrained(tmp_path), game.generator.eval()
    (batch,) = make_batches(name, 1)
    with torch.no_grad():
        if model.kind == "translation":
            made, loaded = net(None, batch.condition), model.translate(batch.condition)
        else:
            labels = torch.arange(4) % of["classes"] if ARCHITECTURES[name].conditional else None
            made, loaded = net(latents.draw(4, of["latent"], seed=5), labels), model.sample(4, seed=5)
    torch.testing.assert_close(loaded, made, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name, loss", ALLOWED)
def test_a_step_reads_nothing_back_to_the_host(name, loss, make_game, make_batches):
    game = make_game(name, loss, device="meta")
    seen = play(game, make_batches(name, 1, n=2, device="meta"))
    assert all(value.is_meta and value.shape == () for value in seen.values())


SOME = [(name, loss) for name, loss in ALLOWED if name == "dcgan" or loss in ("focal", "wgan-gp")]


@pytest.mark.parametrize("name, loss", SOME)
def test_under_autocast_losses_and_weights_stay_float32(name, loss, make_game, make_batches):
    game = make_game(name, loss, autocast=torch.bfloat16)
    seen = play(game, make_batches(name, 1))
    assert seen["d_loss"].dtype == seen["g_loss"].dtype == seen["penalty"].dtype == torch.float32
    assert all(value.isfinite() for value in seen.values())
    assert finite(game.generator) and finite(game.critic)
    assert {p.dtype for net in (game.generator, game.critic) for p in net.parameters()} == {torch.float32}
    exact = play(make_game(name, loss), make_batches(name, 1))
    assert any(seen[name] != exact[name] for name in exact)  # autocast was on
    torch.testing.assert_close(seen["d_loss"], exact["d_loss"], atol=0.05, rtol=0.05)
