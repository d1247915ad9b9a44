import inspect
from dataclasses import astuple, replace

import pytest
import torch
from torch.nn.utils import parametrize

from zoo import losses, penalties
from zoo.architectures import (
    ARCHITECTURES,
    BOUNDS,
    build_critic,
    build_generator,
    check_fields,
    layers,
    plan_critic,
)
from zoo.errors import Refused, UnknownName, ZooError
from zoo.losses import LOSSES


def plan(name, loss, **overrides):
    return plan_critic(name, loss, losses.get(loss), **overrides)


def allowed(name):
    """A plan for each kind of control that the family takes."""
    plans = {}
    for loss in LOSSES:
        try:
            plans.setdefault(losses.get(loss).control, plan(name, loss))
        except Refused:
            continue
    return plans


def made_up(name, fields, n=2):
    """Noise in the shapes of a family's inputs: pictures, latents, condition."""
    size, rng = fields["size"], torch.Generator().manual_seed(0)
    pictures = torch.rand(n, fields["channels"], size, size, generator=rng) * 2 - 1
    if ARCHITECTURES[name].kind == "translation":
        return pictures, None, torch.rand(n, 3, size, size, generator=rng) * 2 - 1
    labels = torch.arange(n) % fields["classes"] if ARCHITECTURES[name].conditional else None
    return pictures, torch.randn(n, fields["latent"], generator=rng), labels


# ---- the table

# DESIGN's starter protocol: control → (norm, spectral norm, autoencoder), or None where it is refused
# (began's critic of the dcgan has had no batch norm since it was seen to keep k at 0)
PLAIN, BATCH_NORM, AUTOENCODER = ("none", False, False), ("batch", False, False), ("none", False, True)
NORMALISED = {"spectral": ("batch", True, False), "clip": BATCH_NORM, "autoencoder": AUTOENCODER}
BARE = {"spectral": PLAIN, "clip": PLAIN, "penalty": PLAIN, "autoencoder": AUTOENCODER}
BATCH = {"spectral": BATCH_NORM, "clip": BATCH_NORM, "penalty": None, "autoencoder": ("batch", False, True)}
PROTOCOL = {
    "dcgan": NORMALISED | {"penalty": ("layer", False, False)},
    "cdcgan": NORMALISED | {"penalty": ("layer", False, False), "autoencoder": None},
    "pix2pix": NORMALISED | {"penalty": ("instance", False, False), "autoencoder": None},
    "sngan": BARE | {"spectral": ("none", True, False)},
    "convgan": BARE,
    **dict.fromkeys(("convgan-bn", "convgan-deep", "convgan-bn-after"), BATCH),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name in PROTOCOL])
def test_a_loss_gets_the_critic_of_the_starter_protocol(name, loss):
    expected = PROTOCOL[name][losses.get(loss).control]
    if expected is None:
        with pytest.raises(Refused, match=loss):
            plan(name, loss)
    else:
        assert astuple(plan(name, loss)) == expected


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_row_is_complete(name):
    row = ARCHITECTURES[name]
    parameters = inspect.signature(row.generator).parameters
    numbers = {field for field, parameter in parameters.items() if parameter.annotation is int}
    assert {"size", "channels", "width"} <= numbers <= BOUNDS.keys()  # none goes unchecked
    for control in {losses.get(loss).control for loss in LOSSES}:
        assert control in row.norms or len(row.refusals[control]) > 20
    assert row.autoencoder or "autoencoder" in row.refusals
    assert row.title and row.words and row.cite
    commands = [other.command for other in ARCHITECTURES.values()]
    assert commands.count(row.command) == 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_generators_make_pictures_and_critics_one_score_or_map_for_each(name, tiny_fields):
    row = ARCHITECTURES[name]
    for size in row.sizes:
        for channels in (1, 3):
            fields = tiny_fields(name, size=size, channels=channels)
            pictures, z, condition = made_up(name, fields)
            with torch.no_grad():
                made = build_generator(name, fields)(z, condition)
                assert made.shape == pictures.shape and made.abs().max() <= 1 and made.std() > 0
                for critic_plan in allowed(name).values():
                    score = build_critic(name, fields, critic_plan, 4)(pictures, condition)
                    assert len(score) == 2 and (row.kind == "translation" or score.numel() == 2)
                    assert not critic_plan.autoencoder or (score > 0).all()


# ---- overrides


def families(control="spectral", norm=None):
    """The rows that give the control a norm (or that one), unless it is what they are about."""
    free = {name: row.norms.get(control) for name, row in ARCHITECTURES.items() if not row.fixed_norm}
    return [name for name, given in free.items() if given and norm in (None, given)]


def refusal(name, loss, **overrides):
    with pytest.raises(Refused) as raised:
        plan(name, loss, **overrides)
    assert "\n" not in str(raised.value) and loss in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_clipped_weights_are_not_rescaled_by_spectral_norm(name):
    assert "clips" in refusal(name, "wgan", spectral_norm=True)


@pytest.mark.parametrize("name", families("penalty"))
def test_a_gradient_penalty_takes_no_batch_norm_and_the_fix_is_named(name):
    for loss in ("wgan-gp", "dragan", "rpgan"):
        assert "--critic-norm layer, instance or none" in refusal(name, loss, norm="batch")
        for norm in ("layer", "instance", "none"):
            assert plan(name, loss, norm=norm).norm == norm


@pytest.mark.parametrize("name", families("spectral", "batch"))
def test_a_penalty_that_is_added_brings_its_norm(name):
    row, r1 = ARCHITECTURES[name], penalties.get("r1")
    assert plan(name, "vanilla", penalty=r1).norm == row.norms["penalty"]
    assert plan(name, "vanilla", penalty=r1, norm="none").norm == "none"
    assert "--critic-norm layer" in refusal(name, "vanilla", penalty=r1, norm="batch")
    assert "--critic-norm layer" in refusal(name, "wgan", penalty=r1)


@pytest.mark.parametrize("name", families())
def test_norm_and_spectral_norm_can_be_chosen(name):
    for norm in ("batch", "layer", "instance", "none"):
        for spectral_norm in (True, False):
            made = plan(name, "hinge", norm=norm, spectral_norm=spectral_norm)
            assert (made.norm, made.spectral_norm) == (norm, spectral_norm)


@pytest.mark.parametrize("name", [name for name, row in ARCHITECTURES.items() if row.autoencoder])
def test_an_autoencoder_takes_no_spectral_norm(name):
    assert "autoencoder" in refusal(name, "began", spectral_norm=True)


def test_a_family_about_its_norm_keeps_it(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "fixed", replace(ARCHITECTURES["dcgan"], fixed_norm=True))
    assert plan("fixed", "vanilla", norm="batch") == plan("fixed", "vanilla")
    with pytest.raises(Refused, match="defined by it"):
        plan("fixed", "vanilla", norm="layer")


def test_unknown_names_are_met_with_near_ones():
    for act, near in (
        (lambda: plan("dcgna", "focal"), "did you mean dcgan"),
        (lambda: plan("dcgan", "focal", norm="bacth"), "did you mean batch"),
        (lambda: check_fields("dcgan", {"widht": 4}), "did you mean width"),
    ):
        with pytest.raises(UnknownName, match=near):
            act()


# ---- fields


@pytest.mark.parametrize("value", [0, -1, 10**6, 10**30, 4.0, "4", True, None, [4]])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_field_that_cannot_be_is_named_before_anything_is_allocated(name, value, tiny_fields, monkeypatch):
    def allocate(**_):
        raise AssertionError("built")

    fields = tiny_fields(name)
    # the table's own signature still says what the fields are
    allocate.__signature__ = inspect.signature(ARCHITECTURES[name].generator)
    monkeypatch.setitem(ARCHITECTURES, name, replace(ARCHITECTURES[name], generator=allocate))
    for field in fields.keys() - {"classes"}:
        with pytest.raises(ZooError, match=f"{name}'s {field} must be a whole number") as raised:
            build_generator(name, fields | {field: value})
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_missing_and_foreign_fields_are_named(name, tiny_fields):
    fields = tiny_fields(name)
    parameters = inspect.signature(ARCHITECTURES[name].generator).parameters
    for field in fields:
        rest = {k: v for k, v in fields.items() if k != field}
        if parameters[field].default is inspect.Parameter.empty:
            with pytest.raises(Refused, match=f"{name} needs the field {field}"):
                check_fields(name, rest)
        elif field != "classes":
            assert check_fields(name, rest)[field] == parameters[field].default
    with pytest.raises(UnknownName, match="'depth'"):
        check_fields(name, fields | {"depth": 1})
    with pytest.raises(Refused, match="makes pictures of the sizes"):
        check_fields(name, fields | {"size": 33})
    with pytest.raises(Refused, match="channels must be 1 or 3"):
        check_fields(name, fields | {"channels": 2})


def test_classes_are_for_conditional_families():
    fields = {"size": 32, "channels": 3, "latent": 8, "width": 4}
    assert check_fields("dcgan", fields) == fields | {"classes": 0}
    with pytest.raises(Refused, match="takes no classes"):
        check_fields("dcgan", fields | {"classes": 2})
    for classes in ({}, {"classes": 1}):
        with pytest.raises(Refused, match="at least 2 classes"):
            check_fields("cdcgan", fields | classes)
    with pytest.raises(Refused, match="classes must be a whole number"):
        check_fields("cdcgan", fields | {"classes": 1001})


# ---- odd sizes, in a net of 32


def twins(build, *args):
    """The same weights for 28 and for 32 pixels."""
    torch.manual_seed(0)
    fields = {"size": 28, "channels": 1, "latent": 8, "width": 4}
    small, large = build("dcgan", fields, *args), build("dcgan", fields | {"size": 32}, *args)
    large.load_state_dict(small.state_dict())
    return small, large


@pytest.mark.parametrize("last", [torch.contiguous_format, torch.channels_last])
def test_the_last_layer_makes_the_same_pictures_with_and_without_gradients(last):
    layer = layers.ToPixels(12, 3)
    x = torch.randn(2, 12, 5, 7, generator=torch.Generator().manual_seed(0)).contiguous(memory_format=last)
    with_gradients = layer(x)
    assert with_gradients.requires_grad
    with torch.no_grad():
        assert (layer(x) - with_gradients).abs().max() < 1e-6
        assert (layer.bfloat16()(x.bfloat16()) - with_gradients).abs().max() < 0.05


def test_28_pixels_are_the_middle_of_32_and_are_judged_with_a_black_border():
    x, z = made_up("dcgan", {"size": 28, "channels": 1, "latent": 8})[:2]
    framed = torch.full((2, 1, 32, 32), -1.0)
    framed[..., 2:-2, 2:-2] = x
    with torch.no_grad():
        small, large = twins(build_generator)
        assert torch.equal(small(z), large(z)[..., 2:-2, 2:-2])
        small, large = twins(build_critic, plan("dcgan", "wgan"), 4)
        assert torch.equal(small(x), large(framed))
        small, large = twins(build_critic, plan("dcgan", "began"), 4)
        rebuilt = large.layers(framed)[..., 2:-2, 2:-2]
        torch.testing.assert_close(small(x), (x - rebuilt).abs().mean((1, 2, 3)))


# ---- spectral norm


def spectral(names):
    return [name for name in names if any(p.spectral_norm for p in allowed(name).values())]


def largest_singular_values(net):
    modules = [m for m in net.modules() if parametrize.is_parametrized(m)]
    return torch.stack([torch.linalg.svdvals(m.weight.flatten(1))[0] for m in modules])


@pytest.mark.parametrize("name", spectral(ARCHITECTURES))
def test_spectral_norm_holds_every_weight_at_one_in_training_and_stays_put_after(name, tiny_fields):
    torch.manual_seed(0)
    fields = tiny_fields(name)
    made = plan(name, "vanilla")
    critic = build_critic(name, fields, made, 4)
    weights = [m for m in critic.modules() if isinstance(getattr(m, "weight", None), torch.Tensor)]
    weights = [m for m in weights if m.weight.ndim > 1]
    assert weights and all(parametrize.is_parametrized(m) for m in weights)
    pictures, _, condition = made_up(name, fields)
    optimiser = torch.optim.Adam(critic.parameters(), 1e-2)
    for _ in range(10):  # weights move, and the power steps follow
        optimiser.zero_grad()
        critic(pictures, condition).square().mean().backward()
        optimiser.step()
    with torch.no_grad():
        for _ in range(30):
            critic(pictures, condition)
        critic.eval()
        sigma = largest_singular_values(critic)
        torch.testing.assert_close(sigma, torch.ones_like(sigma), atol=0.02, rtol=0)
        before = {k: v.clone() for k, v in critic.state_dict().items()}
        score = critic(pictures, condition)
        assert torch.equal(score, critic(pictures, condition))
        assert all(torch.equal(v, before[k]) for k, v in critic.state_dict().items())
        torch.manual_seed(1)
        again = build_critic(name, fields, made, 4).eval()
        again.load_state_dict(before)
        assert torch.equal(again(pictures, condition), score)
