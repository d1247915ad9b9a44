import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

import zoo
from zoo import architectures, checkpoint, facades, latents, pictures
from zoo.checkpoint import Inference
from zoo.errors import CheckpointError, Refused, UnknownName, ZooError

CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def model(make_checkpoint):
    return zoo.load(make_checkpoint())


@pytest.fixture
def classy(make_checkpoint):
    return zoo.load(make_checkpoint("cdcgan", labels=CLASSES, fields={"classes": 3}))


@pytest.fixture
def make_translator(make_checkpoint, translator):
    def make(statistics="batch", dropout=True, **given):
        inference = Inference(statistics=statistics, dropout=dropout)
        return zoo.load(make_checkpoint("translator", inference=inference, **given))

    return make


def maps(n, seed=0):
    return torch.rand(n, 3, 16, 16, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def refused(act, *words, kind=Refused):
    with pytest.raises(kind) as error:
        act()
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


# ---- sample


def test_samples_are_float_pictures_within_range(model):
    pictures_ = model.sample(5, seed=1)
    assert pictures_.shape == (5, 3, 16, 16) and pictures_.dtype == torch.float32
    assert pictures_.abs().max() <= 1 and pictures_.std() > 0.05
    assert model.sample().shape == (1, 3, 16, 16)


def test_the_first_samples_do_not_depend_on_how_many_there_are(model, classy):
    for one in (model, classy):
        many = one.sample(70, seed=3)
        for n in (1, 5, 33):
            torch.testing.assert_close(one.sample(n, seed=3), many[:n], rtol=0, atol=1e-5)


def test_the_seed_makes_the_picture_and_the_global_generator_has_no_part(model):
    first = model.sample(2, seed=1)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert torch.equal(first, model.sample(2, seed=1))
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.allclose(first, model.sample(2, seed=2))


def test_samples_may_be_changed_and_differentiated(model):
    sample = model.sample(1).add_(1).requires_grad_()
    sample.square().sum().backward()
    assert sample.grad is not None


def test_given_latents_are_used_as_they_are(model):
    z = latents.draw(3, 8, seed=9)
    assert torch.equal(model.sample(latents=z), model.sample(3, seed=9))


@pytest.mark.parametrize(
    "z", [torch.zeros(8), torch.zeros(2, 7), torch.zeros(0, 8), torch.zeros(2, 8).long()]
)
def test_latents_of_another_shape_are_refused(model, z):
    refused(lambda: model.sample(latents=z), "latents")


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 1e300])  # the last is infinite in float32
def test_latents_that_are_no_numbers_are_refused(model, value):
    refused(lambda: model.sample(latents=torch.full((1, 8), value, dtype=torch.float64)), "finite")


def test_truncation_draws_pictures_together(model):
    assert model.sample(8, truncation=0.01).std(0).max() < 0.1 * model.sample(8).std(0).max()
    z = latents.draw(4, 8, seed=2)
    cut = model.sample(latents=z, truncation=0.5)
    torch.testing.assert_close(cut, model.sample(4, seed=2, truncation=0.5), rtol=0, atol=1e-5)


def test_a_grid_holds_the_samples_row_by_row(model):
    grid = model.grid(6, columns=3, seed=4)
    assert grid.size == (48, 32)
    second = pictures.to_pil(model.sample(6, seed=4)[4])
    assert np.abs(np.asarray(grid.crop((16, 16, 32, 32)), int) - np.asarray(second, int)).max() <= 1


# ---- labels


def test_labels_cycle_through_the_classes_unless_given(classy):
    assert torch.equal(classy.sample(4, seed=1), classy.sample(4, seed=1, labels=[0, 1, 2, 0]))
    assert classy.grid(6).size == (48, 32)


@pytest.mark.parametrize("one", [1, "dog", np.int64(1), torch.tensor(1)])
def test_one_label_serves_all(classy, one):
    assert torch.equal(classy.sample(2, labels=one), classy.sample(2, labels=torch.tensor([1, 1])))


def test_the_class_changes_the_picture(classy):
    assert not torch.allclose(classy.sample(1, labels=0), classy.sample(1, labels=1), atol=1e-3)


def test_a_text_is_a_class_s_name_before_it_is_a_number(make_checkpoint, classy):
    counted = zoo.load(make_checkpoint("cdcgan", labels=("2", "1", "0"), fields={"classes": 3}))
    for text, number in (("2", 0), ("1", 1), ("0", 2)):
        assert torch.equal(counted.sample(1, labels=text), counted.sample(1, labels=number))
    assert torch.equal(classy.sample(1, labels="2"), classy.sample(1, labels=2))  # no class is called so
    refused(lambda: classy.sample(1, labels="3"), "label 3", "0 to 2")


def test_a_grid_of_fewer_pictures_than_classes_is_square(make_checkpoint):
    many = zoo.load(make_checkpoint("cdcgan", labels=[f"c{i}" for i in range(20)], fields={"classes": 20}))
    side = many.config.dataset.size
    z = latents.draw(9, many.config.architecture["latent"], seed=1)
    assert many.grid(9).size == many.grid(latents=z).size == (3 * side, 3 * side)
    assert many.grid(40).size == (20 * side, 2 * side)


@pytest.mark.parametrize(("n", "columns"), [(9, 3), (17, 20), (20, 20), (21, 5), (33, 20), (41, 7)])
def test_no_grid_is_empty_for_a_fifth(make_checkpoint, n, columns):
    many = zoo.load(make_checkpoint("cdcgan", labels=[f"c{i}" for i in range(20)], fields={"classes": 20}))
    sheet = many.grid(n)
    places = sheet.width * sheet.height // many.config.dataset.size**2
    assert sheet.width == columns * many.config.dataset.size and places - n < places / 5


def test_labels_that_cannot_be_are_refused(model, classy):
    refused(lambda: classy.sample(1, labels=3), "label 3", "0 to 2")
    refused(lambda: classy.sample(1, labels=-1), "label -1")
    refused(lambda: classy.sample(1, labels="dig"), "dog", kind=UnknownName)
    refused(lambda: classy.sample(1, labels=0.5), "0.5")
    refused(lambda: classy.sample(3, labels=[0, 1]), "2 labels for 3")
    refused(lambda: model.sample(1, labels=0), "no classes")


# ---- interpolate


@pytest.mark.parametrize("mode", ["slerp", "lerp"])
def test_an_interpolation_ends_at_its_anchors(model, mode):
    path = model.interpolate(1, (2, 3), steps=5, mode=mode)
    assert path.shape == (5, 3, 16, 16)
    torch.testing.assert_close(path[0], model.sample(1, seed=1)[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(path[-1], model.sample(4, seed=2)[3], rtol=0, atol=1e-5)
    assert not torch.allclose(path[2], path[0], atol=1e-3)


def test_a_latent_is_an_anchor(model):
    a, b = latents.draw(2, 8, seed=5)
    torch.testing.assert_close(model.interpolate(a, b), model.interpolate((5, 0), (5, 1)))


def test_slerp_is_the_default_and_not_lerp(model):
    assert torch.equal(model.interpolate(1, 2), model.interpolate(1, 2, mode="slerp"))
    assert not torch.allclose(model.interpolate(1, 2), model.interpolate(1, 2, mode="lerp"), atol=1e-3)


def test_four_anchors_are_the_corners_of_a_plane(model):
    plane = model.interpolate(1, 2, 3, 4, steps=3)
    assert plane.shape == (9, 3, 16, 16)
    for place, seed in zip((0, 2, 6, 8), (1, 2, 3, 4), strict=True):
        torch.testing.assert_close(plane[place], model.sample(1, seed=seed)[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(plane[:3], model.interpolate(1, 2, steps=3), rtol=0, atol=1e-5)


def test_a_label_an_anchor_walks_between_classes(classy):
    path = classy.interpolate(1, 1, steps=3, labels=["cat", "owl"])
    torch.testing.assert_close(path[0], classy.sample(1, seed=1, labels=0)[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(path[2], classy.sample(1, seed=1, labels=2)[0], rtol=0, atol=1e-5)
    assert not torch.allclose(path[1], path[0], atol=1e-3)


def test_without_labels_an_anchor_has_the_class_that_sample_gives_it(classy):
    path = classy.interpolate((7, 0), (7, 4), steps=2)
    torch.testing.assert_close(path, classy.sample(5, seed=7)[[0, 4]], rtol=0, atol=1e-5)


def test_interpolations_that_cannot_be_are_refused(model):
    refused(lambda: model.interpolate(1, 2, 3), "3 anchors")
    refused(lambda: model.interpolate(1), "1 anchors")
    refused(lambda: model.interpolate(1, 2, steps=1), "steps")
    refused(lambda: model.interpolate(1, (2, -1)), "row -1")
    refused(lambda: model.interpolate(1, torch.zeros(7)), "latents")
    refused(lambda: model.interpolate(1, 2, mode="slurp"), "slerp", kind=UnknownName)


# ---- translate


def test_a_picture_comes_back_as_it_was_given(make_translator):
    model = make_translator()
    for mode, size in (("RGB", (16, 16)), ("L", (40, 20)), ("RGBA", (16, 30)), ("P", (9, 9))):
        photograph = model.translate(Image.new(mode, size))
        assert isinstance(photograph, Image.Image) and photograph.size == (16, 16)
    assert model.translate(maps(1)[0]).shape == (3, 16, 16)
    assert model.translate(maps(2)).shape == (2, 3, 16, 16)
    assert model.translate(torch.zeros(1, 40, 20)).shape == (3, 16, 16)
    for wrong in ("map.png", torch.zeros(3, 40, 20).numpy(), torch.zeros(0, 3, 16, 16), torch.zeros(3, 0, 5)):
        refused(lambda wrong=wrong: model.translate(wrong), "a map is")


def test_a_tensor_and_its_picture_are_translated_alike(make_translator):
    model = make_translator()
    picture = pictures.to_pil(maps(1)[0])
    tensor = pictures.to_float(torch.from_numpy(np.array(picture)).permute(2, 0, 1))
    assert pictures.to_pil(model.translate(tensor)).tobytes() == model.translate(picture).tobytes()


def test_each_picture_of_a_batch_is_translated_for_itself(make_translator):
    model = make_translator()
    batch = maps(3)
    alone = torch.stack([model.translate(one, seed=2) for one in batch])
    assert torch.equal(model.translate(batch, seed=2), alone)


def test_dropout_follows_the_seed_and_only_where_the_config_keeps_it(make_translator):
    one = maps(1)[0]
    kept, off = make_translator(), make_translator(dropout=False, folder="runs/off")
    torch.manual_seed(0)
    before = torch.get_rng_state()
    assert torch.equal(kept.translate(one, seed=1), kept.translate(one, seed=1))
    assert not torch.allclose(kept.translate(one, seed=1), kept.translate(one, seed=2), atol=1e-3)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(off.translate(one, seed=1), off.translate(one, seed=2))


@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_batch_norm_uses_the_statistics_that_the_config_names(make_translator, statistics):
    model, one = make_translator(statistics, dropout=False), maps(1)
    net = architectures.get("translator").generator(size=16, channels=3, width=4).eval()
    net.load_state_dict(safetensors.torch.load_file(model.folder / "model.safetensors"))
    net.layers[1].train(statistics == "batch")
    assert torch.equal(model.translate(one), model.translate(one))
    torch.testing.assert_close(model.translate(one), net(None, one).detach())


def test_pix2pix_keeps_dropout_and_the_one_pictures_statistics(make_checkpoint):
    size = architectures.get("pix2pix").sizes[0]
    inference = Inference(statistics="batch", dropout=True)
    model = zoo.load(make_checkpoint("pix2pix", fields={"size": size}, inference=inference))
    batch = torch.rand(2, 3, size, size) * 2 - 1
    first = model.translate(batch, seed=1)
    assert first.shape == batch.shape and first.std() > 0.01
    assert torch.equal(model.translate(batch[1], seed=1), first[1])
    assert not torch.equal(model.translate(batch, seed=2), first)


def test_maps_are_snapped_where_the_config_says_so(make_translator, monkeypatch):
    exact = facades.snap(Image.effect_noise((16, 16), 90))
    monkeypatch.setattr(facades, "snap", lambda picture: exact)
    snapped = make_translator(palette="facades")
    assert snapped.translate(Image.new("RGB", (16, 16))).tobytes() == snapped.translate(exact).tobytes()
    plain = make_translator(folder="runs/plain")
    assert plain.translate(Image.new("RGB", (16, 16))).tobytes() != plain.translate(exact).tobytes()
    assert not torch.equal(snapped.translate(maps(1)), plain.translate(maps(1)))


def test_maps_that_cannot_be_are_refused(make_translator):
    model = make_translator()
    refused(lambda: model.translate(torch.zeros(16, 16)), "(16, 16)")
    refused(lambda: model.translate(torch.zeros(3, 16, 16, dtype=torch.uint8)), "uint8")
    refused(lambda: model.translate(maps(1), seed=-1), "seed")
    refused(lambda: model.translate(b"text"), "picture", kind=ZooError)


def test_asking_a_model_for_what_it_cannot_do_says_what_it_can(model, make_translator):
    refused(lambda: model.translate(maps(1)), "use sample")
    translator = make_translator(folder="runs/translator")
    for act in (translator.sample, translator.grid, lambda: translator.interpolate(1, 2)):
        refused(act, "use translate")


def test_noise_with_batch_statistics_is_refused(make_checkpoint):
    folder = make_checkpoint(inference=Inference(statistics="batch"))
    refused(lambda: zoo.load(folder), "batch statistics", kind=CheckpointError)


# ---- the checkpoint behind it


def test_a_saved_model_is_the_same_model(model, tmp_path):
    (model.folder / "README.md").write_text("card")
    (model.folder / "state").mkdir()
    model.save_pretrained(tmp_path / "copy")
    names = {path.name for path in (tmp_path / "copy").iterdir()}
    assert names == {"README.md", "config.json", "model.safetensors"}
    copy = zoo.load(tmp_path / "copy")
    assert copy.config == model.config and torch.equal(copy.sample(2), model.sample(2))


def test_a_model_that_is_saved_over_another_leaves_nothing_of_it(model, tmp_path, make_checkpoint):
    other = make_checkpoint(folder="other", seed=1)
    for name in ("critic.safetensors", "metrics.json", "history.jsonl", "README.md", "curves.png"):
        (other / name).write_bytes(b"{}")
    (other / "mine.txt").write_text("no part of a checkpoint")
    model.save_pretrained(other)
    assert {path.name for path in other.iterdir()} == {"config.json", "model.safetensors", "mine.txt"}
    (other / "critic.safetensors").write_bytes(b"{}")
    model.save_pretrained(other)
    assert (other / "critic.safetensors").exists()  # its own


def test_weights_that_changed_since_loading_are_not_saved(model, tmp_path):
    (model.folder / "model.safetensors").write_bytes(b"other")
    refused(lambda: model.save_pretrained(tmp_path / "copy"), "fetch it again", kind=CheckpointError)
    assert not (tmp_path / "copy").exists()


def test_a_model_knows_what_it_is(model):
    assert model.id == "dcgan-focal-toy" and model.device == torch.device("cpu")
    assert model.config == checkpoint.read(model.folder) == model.info.config
    assert "dcgan-focal-toy" in repr(model) and "16×16×3" in repr(model)


def test_a_device_that_is_not_here_is_refused_in_one_line(model):
    refused(lambda: model.to("abacus"), "abacus")
    if not torch.cuda.is_available():
        refused(lambda: zoo.load(model.folder, device="cuda"), "cuda", "cpu")
    assert model.to("cpu") is model


@pytest.mark.parametrize("dtype", [torch.float64, torch.int8, "float16"])
def test_a_dtype_that_no_model_computes_in_is_refused(model, dtype):
    refused(lambda: model.to("cpu", dtype), "float32, bfloat16 or float16")
    assert model.dtype == torch.float32
