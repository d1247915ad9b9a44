"""Scaling, mirroring and jitter, of pictures and of maps alike."""

import torch

from train.reading.data import Raw, augment


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pairs(n: int, size: int, seed: int = 0) -> Raw:
    images = torch.randint(256, (n, 3, size, size), generator=generator(seed), dtype=torch.uint8)
    return Raw(images, images.clone())


def test_pictures_are_scaled_and_labels_passed_through():
    raw = Raw(torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1), torch.tensor([3, 4]))
    images, labels = augment(raw, generator(), mirror=False)
    assert images.flatten().tolist() == [-1, 1] and images.dtype == torch.float32
    assert labels.tolist() == [3, 4]
    assert augment(raw, generator(), mirror=True, dtype=torch.bfloat16)[0].dtype == torch.bfloat16


def test_about_half_of_the_pictures_are_mirrored_and_their_maps_with_them():
    raw = pairs(400, 4)
    images, maps = augment(raw, generator(), mirror=True)
    plain = augment(raw, generator(), mirror=False)[0]
    turned = (images == plain.flip(-1)).flatten(1).all(1)
    kept = (images == plain).flatten(1).all(1)
    assert (turned | kept).all() and 160 < turned.sum() < 240
    assert torch.equal(images, maps)


def test_jitter_cuts_the_same_place_out_of_picture_and_map():
    steps = torch.arange(16, dtype=torch.uint8)
    both = (11 * steps[:, None] + 4 * steps).expand(200, 3, 16, 16)
    images, maps = augment(Raw(both, both), generator(), mirror=True, jitter=2)
    assert images.shape == maps.shape == (200, 3, 16, 16)
    # A nearest pixel of the ramp is at most half a step away in each direction, 7.5 levels in all.
    assert ((images - maps).abs() * 127.5).max() <= 9
    assert (images - maps).mean().abs() * 127.5 < 2  # and as often to one side as to the other
    assert len({tuple(map_[0, 0, :2].tolist()) for map_ in maps}) > 5  # at many places


def test_jitter_never_blends_the_colours_of_a_map():
    classes = torch.tensor([0, 77, 255], dtype=torch.uint8)
    maps = classes[torch.randint(3, (20, 3, 16, 16), generator=generator())]
    images, jittered = augment(Raw(maps, maps), generator(), mirror=True, jitter=3)
    assert set(jittered.unique().tolist()) == set((classes.float() / 127.5 - 1).tolist())
    assert len(images.unique()) > 100


def test_the_same_generator_state_gives_the_same_augmentation():
    first, second, other = (
        augment(pairs(8, 8), generator(seed), mirror=True, jitter=2)[0] for seed in (1, 1, 2)
    )
    assert torch.equal(first, second) and not torch.equal(first, other)


def test_augmentation_never_waits_for_the_device():
    raw = Raw(*(torch.empty(4, 3, 8, 8, dtype=torch.uint8, device="meta") for _ in range(2)))
    images, maps = augment(raw, generator(), mirror=True, jitter=2)
    assert images.shape == maps.shape == (4, 3, 8, 8) and images.device.type == "meta"
