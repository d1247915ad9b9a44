"""A model where people expect an ordinary module: its nets, gradients, copies, dtypes, exports, streams, notebooks."""

import copy
import io
import multiprocessing
import operator
import pickle

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

import zoo
from zoo import architectures, facades, latents
from zoo.checkpoint import Inference
from zoo.errors import CheckpointError, Refused


@pytest.fixture
def model(make_checkpoint):
    return zoo.load(make_checkpoint())


@pytest.fixture
def classy(make_checkpoint):
    return zoo.load(make_checkpoint("cdcgan", labels=("cat", "dog", "owl"), fields={"classes": 3}))


@pytest.fixture
def dreamy(make_checkpoint, translator):
    """A translator that keeps its dropout."""
    inference = Inference(statistics="batch", dropout=True)
    return zoo.load(make_checkpoint("translator", folder="runs/t", inference=inference))


def refused(act, *words, kind=Refused):
    with pytest.raises(kind) as error:
        act()
    assert "\n" not in str(error.value) and all(word in str(error.value) for word in words), error.value


# ---- its nets


def test_the_generator_is_a_module_of_its_own(model, classy):
    z = latents.draw(3, 8, seed=4)
    with torch.no_grad():
        torch.testing.assert_close(model.generator(z), model.sample(latents=z))
        torch.testing.assert_close(classy.generator(z, torch.arange(3)), classy.sample(latents=z))
    assert not model.generator.training and not any(p.requires_grad for p in model.generator.parameters())


CRITICS = [
    {"norm": "batch", "spectral_norm": True, "autoencoder": False, "width": 4},
    {"norm": "layer", "spectral_norm": False, "autoencoder": False, "width": 6, "penalty": "line-between"},
    {"norm": "batch", "spectral_norm": False, "autoencoder": True, "width": 4},
]


def keep_critic(model, described):
    """A critic beside the model's weights, as it was trained; its config's description of it."""
    config = model.config
    fields = {k: v for k, v in config.architecture.items() if k != "name"}
    plan = architectures.CriticPlan(*(described[k] for k in ("norm", "spectral_norm", "autoencoder")))
    net = architectures.build_critic("dcgan", fields, plan, described["width"])
    net(torch.randn(4, 3, 16, 16))  # so that running statistics and singular vectors are its own
    safetensors.torch.save_file(net.state_dict(), model.folder / "critic.safetensors")
    config.critic.clear()
    config.critic.update(described)
    return net.eval()


@pytest.mark.parametrize("described", CRITICS)
def test_the_critic_is_there_where_it_was_kept(model, described):
    assert model.critic is None
    net, again = keep_critic(model, described), zoo.Model(model.config, model.generator, model.folder)
    x = model.sample(5)
    torch.testing.assert_close(again.critic(x), net(x).detach())
    assert again.to(torch.bfloat16).critic(x.bfloat16()).dtype == torch.bfloat16 or described["autoencoder"]
    assert not any(p.requires_grad for p in again.critic.parameters())


def test_a_critic_that_is_not_the_configs_is_refused(model):
    keep_critic(model, CRITICS[0])
    model.config.critic["width"] = 5
    again = zoo.Model(model.config, model.generator, model.folder)
    refused(lambda: again.critic, "critic.safetensors", kind=CheckpointError)
    model.config.critic["width"] = 10**9
    refused(lambda: again.critic, "width", kind=CheckpointError)
    (model.folder / "critic.safetensors").write_bytes(b"no tensors")
    model.config.critic["width"] = 4
    refused(lambda: again.critic, "critic.safetensors", kind=CheckpointError)


# ---- gradients


def test_a_picture_is_inverted_through_sample(model):
    target = model.sample(1, seed=3)
    z = latents.draw(1, 8, seed=4).requires_grad_()
    optimiser, errors = torch.optim.Adam([z], lr=0.1), []
    for _ in range(80):
        error = (model.sample(latents=z) - target).square().mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        errors.append(error.item())
    assert errors[-1] < errors[0] / 10
    assert all(p.grad is None for p in model.generator.parameters())


def test_gradients_pass_truncation_and_classes_and_are_kept_only_where_asked_for(classy):
    z = latents.draw(40, 8).requires_grad_()
    classy.sample(latents=z, truncation=0.7, labels="dog").square().sum().backward()
    assert (z.grad.abs().sum(1) > 0).all()
    assert not classy.sample(latents=z.detach()).requires_grad
    with torch.no_grad():
        assert not classy.sample(latents=z).requires_grad


# ---- copies


def test_a_model_is_copied_pickled_and_sent_to_a_spawned_process(model, classy, dreamy):
    for one in (model, classy):
        for again in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert torch.equal(again.sample(3, seed=2), one.sample(3, seed=2))
            assert again.config == one.config and again.generator is not one.generator
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (there,) = pool.map(operator.methodcaller("grid", 4, seed=5), [model])
    assert there.tobytes() == model.grid(4, seed=5).tobytes()
    drawing = operator.methodcaller("grid", 4)
    process = multiprocessing.get_context("spawn").Process(target=drawing, args=(model,))
    process.start()  # unlike a pool's, its arguments are read when what was made to pickle them has gone
    process.join()
    assert process.exitcode == 0


def test_a_critic_that_was_used_goes_with_the_copy(model):
    keep_critic(model, CRITICS[0])
    again, x = zoo.Model(model.config, model.generator, model.folder), model.sample(5)
    scores = again.critic(x)
    (model.folder / "critic.safetensors").unlink()
    before = torch.get_rng_state()
    for other in (copy.deepcopy(again), pickle.loads(pickle.dumps(again))):
        assert torch.equal(other.critic(x), scores) and other.critic is not again.critic
        assert not other.critic.training and not any(p.requires_grad for p in other.critic.parameters())
    assert torch.equal(before, torch.get_rng_state())


def test_a_copy_keeps_dropouts_seed(dreamy):
    x = torch.zeros(3, 16, 16)
    again = pickle.loads(pickle.dumps(dreamy))
    assert torch.equal(again.translate(x, seed=1), dreamy.translate(x, seed=1))
    assert torch.equal(again.translate(x, seed=1), again.translate(x, seed=1))


# ---- dtypes, exports


def test_a_model_computes_in_another_dtype_and_gives_float32(model, classy, dreamy):
    for one in (model, classy):
        exact = one.sample(4)
        assert one.to(torch.bfloat16) is one and one.generator(latents.draw(1, 8).bfloat16(), *(
            [torch.tensor([1])] if one is classy else []
        )).dtype == torch.bfloat16  # fmt: skip
        assert one.sample(4).dtype == torch.float32 and "bfloat16" in repr(one)
        torch.testing.assert_close(one.sample(4), exact, rtol=0, atol=0.1)
        assert not torch.equal(one.sample(4), exact)
        one.to("cpu", torch.float32)
    assert dreamy.to(dtype=torch.bfloat16).translate(torch.zeros(3, 16, 16)).dtype == torch.float32
    refused(lambda: model.to(torch.int64), "float32", "int64")
    refused(lambda: model.to("cpu", "half"), "half")


NOISE = [name for name, row in architectures.ARCHITECTURES.items() if row.kind == "noise"]


@pytest.mark.parametrize("name", NOISE)
def test_an_exported_generator_takes_any_batch(name, tiny_fields):
    fields = tiny_fields(name)
    net = architectures.build_generator(name, fields).eval()

    def asked(n):
        classes = (torch.arange(n) % fields["classes"],) if fields.get("classes") else ()
        return (latents.draw(n, fields["latent"]), *classes)

    any_batch = {0: torch.export.Dim("n", min=1, max=512)}
    exported = torch.export.export(net, asked(5), dynamic_shapes=[any_batch] * len(asked(5))).module()
    for n in (1, 2, 33):
        torch.testing.assert_close(exported(*asked(n)), net(*asked(n)))


def test_an_exported_translator_takes_any_batch():
    net = architectures.build_generator("pix2pix", {"size": 32, "channels": 3, "width": 4, "cap": 8}).eval()
    any_batch = {0: torch.export.Dim("n", min=1, max=512)}
    maps = torch.rand(5, 3, 32, 32)
    exported = torch.export.export(net, (None, maps), dynamic_shapes=(None, any_batch)).module()
    for n in (1, 2, 7):
        torch.testing.assert_close(
            exported(None, maps[:1].repeat(n, 1, 1, 1)), net(None, maps[:1].repeat(n, 1, 1, 1))
        )


# ---- streams


def test_a_stream_is_the_sample_batch_by_batch(model, classy):
    pieces = list(model.stream(70, seed=3, truncation=0.9))
    assert [len(piece) for piece in pieces] == [32, 32, 6]
    assert torch.equal(torch.cat(pieces), model.sample(70, seed=3, truncation=0.9))
    for labels in (None, "dog", [0, 2, 1, 1, 0, 2, 2]):
        pieces = torch.cat(list(classy.stream(7, batch=3, labels=labels)))
        torch.testing.assert_close(pieces, classy.sample(7, labels=labels), rtol=0, atol=1e-5)


def test_a_long_stream_holds_one_batch(model, classy, monkeypatch):
    """Each of what is drawn is at most a batch; the classes of a million pictures are not held either."""
    made = []

    def seen(function):
        return lambda *args, **given: made.append(function(*args, **given)) or made[-1]

    for name in ("randint", "arange", "full"):
        monkeypatch.setattr(torch, name, seen(getattr(torch, name)))
    for one, labels in ((model, None), (classy, None), (classy, "owl")):
        stream = one.stream(10**9, batch=4, labels=labels)
        assert next(stream).shape == next(stream).shape == (4, 3, 16, 16)
    assert made and max(tensor.numel() for tensor in made) <= 4 * 8


def test_a_stream_refuses_before_its_first_batch(model, classy, dreamy):
    refused(lambda: model.stream(0), "n is 0")
    refused(lambda: model.stream(2.0), "whole number")
    refused(lambda: model.stream(4, batch=0), "batch")
    refused(lambda: model.stream(4, seed=-1), "seed")
    refused(lambda: model.stream(4, truncation=0), "truncation")
    refused(lambda: model.stream(4, labels=1), "no classes")
    refused(lambda: classy.stream(4, labels=[0, 1]), "2 labels for 4")
    refused(lambda: dreamy.stream(4), "use translate")


# ---- what is given


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_a_row_far_down_is_found_without_drawing_those_before_it(model, monkeypatch, seed):
    for k in (0, 1, 700):
        assert torch.equal(latents.row(k, 8, seed), latents.draw(k + 1, 8, seed)[k])
    drawn = []
    monkeypatch.setattr(torch.special, "ndtri", lambda u: drawn.append(u.numel()) or torch.erfinv(u))
    assert model.interpolate((seed, 10**6), (seed, 3), steps=2).shape == (2, 3, 16, 16)
    assert drawn == [8, 8]


@pytest.mark.parametrize("n", [2.0, "2", None, [2]])
def test_a_number_of_pictures_is_a_whole_one(model, n):
    refused(lambda: model.sample(n), "n is a whole number")
    refused(lambda: model.grid(n), "n is a whole number")
    refused(lambda: model.interpolate(1, 2, steps=n), "steps is a whole number")


def test_numpys_numbers_are_numbers(model):
    assert torch.equal(model.sample(np.int64(2), seed=np.int32(3), truncation=np.float32(0.5)), model.sample(
        2, seed=3, truncation=0.5
    ))  # fmt: skip


def test_latents_may_be_arrays_or_lists(model):
    z = latents.draw(2, 8, seed=9)
    for given in (z.numpy(), z.double().numpy(), z.tolist(), tuple(map(tuple, z.tolist())), z.double()):
        assert torch.equal(model.sample(latents=given), model.sample(latents=z))
    path = model.interpolate(z[0], z[1])
    for ends in (z.numpy(), z.tolist(), [one[None] for one in z]):
        assert torch.equal(model.interpolate(*ends), path)


@pytest.mark.parametrize(
    "given", ["noise", b"noise", 3, [[1.0] * 8, [1.0]], {"z": 1}, [["a"] * 8], [[1] * 8]]
)
def test_what_are_no_latents_is_refused_in_a_line(model, given):
    refused(lambda: model.sample(latents=given), "latents")


@pytest.mark.parametrize("anchor", ["1", 1.5, None, (1, 2.0), (1, 2, 3), {}, b"1"])
def test_what_is_no_anchor_is_refused_in_a_line(model, anchor):
    refused(lambda: model.interpolate(1, anchor))


@pytest.mark.parametrize(
    "labels", [{"cat": 0, "dog": 1}, {0, 1}, b"\0\1", bytearray(b"\0\1"), 0.5, [0.5, 1], [None, 1], {}.keys()]
)
def test_what_are_no_labels_is_refused_in_a_line(classy, labels):
    refused(lambda: classy.sample(2, labels=labels), "label")
    refused(lambda: classy.interpolate(1, 2, labels=labels), "label")


def test_labels_may_be_any_ordered_thing(classy):
    right = classy.sample(2, labels=[1, 2])
    for labels in ((1, 2), np.array([1, 2]), torch.tensor([1, 2]), iter([1, 2]), range(1, 3), ["dog", "owl"]):
        assert torch.equal(classy.sample(2, labels=labels), right)


@pytest.mark.parametrize("truncation", ["a", [1], object(), "0.7", 1j, float("nan")])
def test_what_is_no_truncation_is_refused_in_a_line(model, truncation):
    refused(lambda: model.sample(1, truncation=truncation), "truncation")


@pytest.mark.parametrize("name", [3, None, b"dcgan", ["dcgan"]])
def test_a_models_name_is_text_or_a_path(name):
    refused(lambda: zoo.load(name), "name")
    refused(lambda: zoo.info(name), "name")


def test_a_mode_or_device_of_another_type_is_refused_in_a_line(model):
    for mode in (None, 3, ["slerp"]):
        refused(lambda mode=mode: model.interpolate(1, 2, mode=mode), "mode", kind=LookupError)
    for device in (["cpu"], b"cpu", 1.5):
        refused(lambda device=device: model.to(device), "device")


# ---- notebooks


def test_a_notebook_shows_its_pictures(model, make_checkpoint, translator, dreamy):
    picture = Image.open(io.BytesIO(model._repr_png_()))
    assert picture.tobytes() == model.grid(16).tobytes()
    assert (
        "data:image/png;base64," in model._repr_html_() and "&lt;Model dcgan-focal-toy" in model._repr_html_()
    )
    assert dreamy._repr_png_() is None and "<img" not in dreamy._repr_html_()
    painter = zoo.load(make_checkpoint("translator", folder="runs/f", palette="facades"))
    shown = Image.open(io.BytesIO(painter._repr_png_()))
    assert shown.tobytes() == painter.translate(facades.random_building(seed=3)).tobytes()


def test_a_shallow_copy_shares_nothing_either(dreamy):
    before, other = dreamy.translate(facades.random_building(0), seed=3), copy.copy(dreamy)
    assert other.generator is not dreamy.generator
    other.to(torch.bfloat16).translate(facades.random_building(0), seed=4)
    assert dreamy.translate(facades.random_building(0), seed=3).tobytes() == before.tobytes()


def test_what_is_no_map_or_no_device_for_pictures_is_refused_in_a_line(model, dreamy):
    refused(lambda: dreamy.translate(Image.new("RGB", (0, 9))), "0x9")
    refused(lambda: dreamy.translate(torch.full((3, 16, 16), torch.nan)), "finite")
    refused(lambda: model.to("meta"), "device 'meta'", "no numbers")
