"""What every bundled loss's pix2pix makes of the same invented label maps, in one picture."""

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from cards.runs import STARTER, Zoo
from cards.tables import L1_ALONE, LOSSES_AND_NONE
from zoo import checkpoint, facades, load

NAME = "overview-facades.webp"
BUILDINGS = (2, 5, 11)  # seeds of maps with a roof, a door and neighbours among them
SIDE, GAP, CAPTION = 192, 4, 26  # pixels
ALT = "Invented label maps, and beside them what pix2pix makes of them, a column a loss"


def folders(zoo: Zoo) -> dict[str, Path]:
    """{caption: folder} of what is bundled with its weights, L1 alone first."""
    found = {}
    for loss in ("none", *(loss for loss in LOSSES_AND_NONE if loss != "none")):
        run = zoo.seeds(STARTER, "pix2pix", loss, "facades").get(0)
        if run and run.folder and (run.folder / checkpoint.WEIGHTS).is_file():
            found[L1_ALONE if loss == "none" else loss] = run.folder
    return found


def sheet(zoo: Zoo) -> bytes:
    """WebP: a row a building, the map first; captions above."""
    maps = [facades.random_building(seed) for seed in BUILDINGS]
    columns = {"map": maps}
    for caption, folder in folders(zoo).items():
        loaded = load(folder)
        columns[caption] = [loaded.translate(of) for of in maps]
    step = SIDE + GAP
    picture = Image.new("RGB", (len(columns) * step - GAP, CAPTION + len(maps) * step - GAP), "white")
    font = ImageFont.load_default(15)
    for x, (caption, cells) in enumerate(columns.items()):
        ImageDraw.Draw(picture).text((x * step + 2, 4), caption, font=font, fill="black")
        for y, cell in enumerate(cells):
            how = Image.Resampling.NEAREST if caption == "map" else Image.Resampling.LANCZOS
            picture.paste(cell.convert("RGB").resize((SIDE, SIDE), how), (x * step, CAPTION + y * step))
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=85, method=6)
    return file.getvalue()
