"""Makes static/hero.png, the README's picture: the same latents through models that differ in their loss, and façades.

python space/hero.py
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import zoo
from zoo import facades

MODELS = ("dcgan-vanilla-cifar10", "dcgan-focal-cifar10", "sngan-hinge-cifar10")
SEED, TILE, GAP, LINE = 7, 256, 24, 36
PAPER, INK = "#ffffff", "#15171a"
BUILDINGS = (3, 11)


def main() -> None:
    sheets = [zoo.load(name).grid(64, columns=8, seed=SEED) for name in MODELS]
    translate = zoo.load("pix2pix-focal-facades").translate
    maps = [facades.random_building(seed) for seed in BUILDINGS]
    scale = 2
    pairs = Image.new("RGB", (scale * TILE, scale * TILE), PAPER)
    for row, picture in enumerate(maps):
        for column, tile in enumerate((picture, translate(picture))):
            pairs.paste(tile, (column * TILE, row * TILE))
    enlarged = [sheet.resize(pairs.size, Image.Resampling.NEAREST) for sheet in sheets]
    tiles = [*enlarged, pairs]
    captions = [*MODELS, "pix2pix-focal-facades"]
    hero = Image.new("RGB", (scale * (4 * TILE + 3 * GAP), scale * TILE + 2 * LINE), PAPER)
    draw, font = ImageDraw.Draw(hero), ImageFont.load_default(24)
    for i, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        left = scale * i * (TILE + GAP)
        hero.paste(tile, (left, 0))
        draw.text((left, scale * TILE + 16), caption, INK, font)
    hero.save(Path(__file__).parent / "static" / "hero.png", optimize=True)


if __name__ == "__main__":
    main()
