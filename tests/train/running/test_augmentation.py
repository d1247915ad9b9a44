"""Augmentation: what is done to pictures, that everything can be derived through it, and how often it is done."""

import copy

import pytest
import torch
from torch import nn

from train.running import folder
from zoo import losses, penalties
from zoo.augmentation import Augmentation
from zoo.losses import LOSSES
from zoo.step import critic_step, generate, generator_step, play


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def augmentation(kind="diffaug", p=None, pictures=4):
    made = Augmentation.of(kind, pictures, torch.device("cpu"))
    if p is not None:
        made.p.fill_(p)
    return made


def pictures(n=64, channels=3, side=16, seed=1, **given):
    return torch.rand(n, channels, side, side, generator=seeded(seed), **given) * 2 - 1


# ---- what is done to a picture


def test_never_is_the_picture_itself_and_always_are_all_five_changes_within_their_bounds():
    x = pictures(512)
    for layout in (torch.contiguous_format, torch.channels_last):
        laid = x.contiguous(memory_format=layout)
        still = augmentation(p=0.0).draw(x, seeded())(laid)
        assert torch.allclose(still, x, atol=1e-6) and still.is_contiguous(memory_format=layout)
        moved = augmentation().draw(x, seeded())(laid)
        assert moved.is_contiguous(memory_format=layout) and moved.dtype == torch.float32
    drawn = augmentation().draw(x, seeded())
    for value, low, high in (
        (drawn.brightness, -0.5, 0.5),
        (drawn.saturation, 0, 2),
        (drawn.contrast, 0.5, 1.5),
    ):
        assert (
            low <= value.min() < low + 0.02 * (high - low)
            and high - 0.02 * (high - low) < value.max() <= high
        )
    rows, columns = (
        drawn.places.view(512, 16, 16).div(16, rounding_mode="floor"),
        drawn.places.view(512, 16, 16) % 16,
    )
    steps = torch.arange(16)
    shifts = torch.stack([(steps[:, None] - rows)[:, 8, 8], (steps - columns)[:, 8, 8]])
    assert set(shifts.flatten().tolist()) == {-2, -1, 0, 1, 2}  # an eighth of 16 pixels
    whole = drawn.kept.view(512, 16, 16)
    assert (whole[:, 3:13, 3:13].flatten(1).mean(1) < 1).float().mean() > 0.9  # the hole is seldom outside
    assert 64 <= (1 - whole).flatten(1).sum(1).max() <= 64 + 60  # 8 × 8, and the border that came in


def test_each_change_is_done_to_a_share_of_the_pictures_on_its_own():
    drawn = augmentation(p=0.3).draw(pictures(4000), seeded())
    done = torch.stack(
        [
            drawn.brightness.flatten() != 0,
            drawn.saturation.flatten() != 1,
            drawn.contrast.flatten() != 1,
            (drawn.kept.sum((1, 2)) < 256),
        ]
    ).float()
    assert torch.allclose(done[:3].mean(1), torch.full((3,), 0.3), atol=0.03)
    assert abs(torch.corrcoef(done[:3]) - torch.eye(3)).max() < 0.06
    assert 0.3 < done[3].mean() < 0.52  # a hole or a border


def test_colours_are_the_three_changes_one_after_the_other():
    x = pictures(8)
    drawn = augmentation().draw(x, seeded())
    y = x + drawn.brightness
    grey = y.mean(1, keepdim=True)
    y = (y - grey) * drawn.saturation + grey
    mean = y.mean((1, 2, 3), keepdim=True)
    y = (y - mean) * drawn.contrast + mean
    torch.testing.assert_close(drawn(x), drawn.move(y))


def test_a_translated_picture_is_the_picture_elsewhere_with_grey_behind_it():
    x = pictures(64)
    drawn = augmentation().draw(x, seeded())
    for one, moved, places, kept in zip(x, drawn.move(x), drawn.places, drawn.kept, strict=True):
        for channel in range(3):
            wanted = one[channel].flatten()[places[0]] * kept[0]
            assert torch.equal(moved[channel].flatten(), wanted)
    assert (drawn.move(torch.ones(64, 1, 16, 16)) == drawn.kept.view(64, 1, 16, 16)).all()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_can_be_derived_twice(layout, channels):
    x = pictures(3, channels, 8, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    drawn = augmentation().draw(x, seeded())
    squared = lambda y: drawn(y).square().sum((1, 2, 3))  # noqa: E731
    assert torch.autograd.gradcheck(drawn, (x,)) and torch.autograd.gradgradcheck(squared, (x,))


# ---- in a step: the same for both sides, penalties, conditions, every loss


def shown(game):
    seen = []
    game.critic.register_forward_hook(lambda _, inputs, score: seen.append(inputs))
    return seen


@pytest.mark.parametrize("name", ["dcgan", "cdcgan", "pix2pix"])
def test_both_sides_are_changed_alike_and_a_map_is_moved_with_them(name, make_game, make_batches):
    game, (batch,) = make_game(name, "rpgan"), make_batches(name, 1)
    game.penalty = None
    game.augmentation = augmentation()
    seen = shown(game)
    fake = generate(game, batch)
    critic_step(game, batch, fake, seeded(3))
    generator_step(game, batch, fake, seeded(4))
    assert (
        len(seen) == 4
    )  # real and fake for the critic; fake and, as the loss is paired, real for the generator
    for (first, second), seed, of in ((seen[:2], 3, (batch.real, fake)), (seen[2:], 4, (fake, batch.real))):
        drawn = game.augmentation.draw(batch.real, seeded(seed))
        for (x, condition), given in zip((first, second), of, strict=True):
            torch.testing.assert_close(x.detach(), drawn(given.detach()))
            if name == "pix2pix":
                torch.testing.assert_close(condition, drawn.move(batch.condition))
            else:
                assert condition is batch.condition
    assert not torch.equal(seen[0][0], batch.real)


def test_without_augmentation_nothing_is_drawn_and_nothing_changes(make_game, make_batches):
    game, (batch,), rng = make_game("dcgan", "vanilla"), make_batches("dcgan", 1), seeded()
    seen = shown(game)
    play(game, [batch], rng)
    assert seen[0][0] is batch.real and torch.equal(rng.get_state(), seeded().get_state())


def smooth(critic):
    """Without kinks, across which a difference is no derivative, and with weights that have learned something."""
    for module in critic.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.LeakyReLU):
                setattr(module, name, nn.SiLU())
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(4 if parameter.ndim > 1 else 1)


@pytest.mark.parametrize("kind", penalties.PENALTIES)
@pytest.mark.parametrize("name, fields", [("dcgan", {}), ("cdcgan", {}), ("pix2pix", {})])
def test_a_penalty_is_of_the_slope_at_augmented_pictures_and_pulls_as_finite_differences_say(
    kind, name, fields, make_game, make_batches
):
    """Along a random direction of all the critic's weights."""
    game = make_game(name, "wgan-gp", penalty=penalties.get(kind, 10.0), d_weight=0.0)
    smooth(game.critic)
    game.augmentation, (batch,) = augmentation(), make_batches(name, 1)
    game.optimiser_d = torch.optim.SGD(game.critic.parameters(), 0.0)
    fake = generate(game, batch).detach()
    critic_step(game, batch, fake, seeded())
    parameters = list(game.critic.parameters())
    direction = [
        torch.randn(p.shape, generator=seeded(i)) * p.detach().abs().mean() for i, p in enumerate(parameters)
    ]
    pull = sum(
        (p.grad * d).sum() for p, d in zip(parameters, direction, strict=True) if p.grad is not None
    ).item()

    def penalty(eps):
        moved = copy.deepcopy(game)
        for p, d in zip(moved.critic.parameters(), direction, strict=True):
            p.data.add_(d, alpha=eps)
        moved.optimiser_d = torch.optim.SGD(moved.critic.parameters(), 0.0)
        return critic_step(moved, batch, fake, seeded())["penalty"].item()

    eps = 2e-3
    assert abs(pull) > 1e-4 and (penalty(eps) - penalty(-eps)) / (2 * eps) == pytest.approx(pull, rel=0.05)
    plain = copy.deepcopy(game)
    plain.augmentation = None
    plain.optimiser_d = torch.optim.SGD(plain.critic.parameters(), 0.0)
    assert critic_step(plain, batch, fake, seeded())["penalty"].item() != pytest.approx(
        penalty(0.0), rel=1e-3
    )


@pytest.mark.parametrize("name", ["dcgan", "cdcgan", "pix2pix"])
def test_the_generator_is_pulled_through_it_as_finite_differences_say(name, make_game, make_batches):
    game, (batch,) = make_game(name, "wgan-gp", l1_weight=0.0), make_batches(name, 1)
    game.augmentation = augmentation()
    smooth(game.critic)
    fake = generate(game, batch).detach().requires_grad_()
    generator_step(game, batch, fake, seeded())
    direction, eps = torch.randn(fake.shape, generator=seeded(5)), 1e-2

    def loss(step):
        return generator_step(game, batch, (fake + step * direction).detach().requires_grad_(), seeded())[
            "g_loss"
        ].item()

    along = (fake.grad * direction).sum().item()
    assert abs(along) > 1e-4 and (loss(eps) - loss(-eps)) / (2 * eps) == pytest.approx(along, rel=0.03)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", ["diffaug", "ada"])
def test_every_loss_takes_it(loss, kind, make_game, make_batches):
    game = make_game("dcgan", loss)
    game.augmentation = augmentation(kind)
    values = play(game, make_batches("dcgan", 2), seeded())
    assert all(value.isfinite().all() for value in values.values())
    assert ("augment_p" in values) == ("augment_r" in values) == (kind == "ada")


# ---- how often


def followed(steps, sure, *, loss="vanilla", pictures=32, mean=None):
    """p after each of so many steps with a critic that is right about `sure` of its 32 real pictures."""
    made = augmentation("ada", pictures=pictures)
    sign = losses.get(loss).realness
    real = sign * torch.where(torch.arange(32) < sure * 32, 2.0, -6.0)
    fake = -real.mean() * torch.ones(32)  # the middle is zero
    return [made.follow(losses.get(loss), real, fake, mean)["augment_p"].item() for _ in range(steps)]


@pytest.mark.parametrize("loss", LOSSES)
def test_p_rises_while_the_critic_is_surer_than_the_target_whatever_the_loss(loss):
    step = 256 / 10_000  # of p for 256 pictures: from 0 to 1 in 10 kimg
    rising = followed(16, 29 / 32, loss=loss)  # r = 0.81
    assert (
        rising[:7] == [0] * 7 and rising[7] == pytest.approx(step) and rising[15] == pytest.approx(2 * step)
    )
    assert followed(16, 25 / 32, loss=loss)[-1] == 0  # r = 0.56: below 0.6, and p is not below 0
    assert followed(400, 1.0, loss=loss)[-1] == 1


def test_p_falls_again_and_diffaugs_never_moves():
    made, real = augmentation("ada", p=0.5, pictures=256), torch.tensor([1.0, -1.0])
    made.follow(losses.get("hinge"), real, real, None)
    assert made.p.item() == pytest.approx(0.5 - 0.0256)
    always = augmentation("diffaug")
    assert always.follow(losses.get("hinge"), real, real, None) == {} and always.p == 1


def test_processes_agree_on_p():
    assert (
        followed(8, 1.0, mean=lambda r: r * 0)[-1] == 0 and followed(8, 0.0, mean=lambda r: r * 0 + 1)[-1] > 0
    )


def test_p_and_its_tally_are_part_of_the_state(make_game, make_batches, tmp_path):
    def game():
        made = make_game("dcgan", "vanilla")
        made.augmentation = augmentation("ada", pictures=100)
        return made

    one, other, batches = game(), game(), make_batches("dcgan", 6)
    one.augmentation.p.fill_(0.4)
    for batch in batches[:4]:
        play(one, [batch], seeded())
    folder.write_state(tmp_path, folder.game_state(one))
    folder.restore(other, folder.read_state(tmp_path))
    assert other.augmentation.p == one.augmentation.p and other.augmentation.tally[1] == 100
    for batch in batches[4:]:
        seen = [play(of, [batch], seeded(1)) for of in (one, other)]
    assert seen[0]["augment_p"] == seen[1]["augment_p"] and seen[0]["d_loss"] == seen[1]["d_loss"]
