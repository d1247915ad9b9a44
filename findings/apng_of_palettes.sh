#!/usr/bin/env bash
# apng 0.3.4 (PyPI): an animation of pictures with palettes shows all of them in the colours of the first.
#
# Met while looking for a lossless way to film label maps (pictures of few classes, which are PNGs with a palette). A PNG
# with a palette holds one number a pixel and the colours beside them (chunk PLTE); an APNG has one such chunk for all of
# its frames. `APNG.append` takes over the numbers of each picture, and the palette of the first picture alone: neither
# are numbers translated, nor is a palette that differs refused. What the documentation warns of is size and speed.
#
# Expected: each frame in the colours of its own picture, or an error.
# Seen:     two pictures of the same shape, one red and green, one blue and white: both frames are red and green. Saved
#           as RGB first, they are right. Pillow 13.0.0 writes the same two pictures as an APNG with the right colours.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q apng==0.3.4 pillow==13.0.0 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import io

from apng import APNG, PNG
from PIL import Image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def picture(*colours: tuple[int, int, int]) -> Image.Image:
    """Two halves, whose numbers are 0 and 1."""
    made = Image.new("P", (16, 16), 0)
    made.paste(1, (8, 0, 16, 16))
    made.putpalette([value for colour in colours for value in colour])
    return made


def frames(content: bytes) -> list[tuple]:
    """The colours of both halves, of each frame."""
    read, seen = Image.open(io.BytesIO(content)), []
    for i in range(read.n_frames):
        read.seek(i)
        seen.append((read.convert("RGB").getpixel((0, 0)), read.convert("RGB").getpixel((15, 0))))
    return seen


def by_apng(pictures: list[Image.Image]) -> list[tuple]:
    film = APNG()
    for one in pictures:
        file = io.BytesIO()
        one.save(file, "PNG")
        film.append(PNG.from_bytes(file.getvalue()), delay=100)
    return frames(film.to_bytes())


given = [picture(RED, GREEN), picture(BLUE, WHITE)]
file = io.BytesIO()
given[0].save(file, "PNG", save_all=True, append_images=given[1:], duration=100)
found = {
    "apng, palettes": by_apng(given),
    "apng, RGB": by_apng([one.convert("RGB") for one in given]),
    "Pillow, palettes": frames(file.getvalue()),
}
for name, seen in found.items():
    print(f"{name}: {seen}")
right = [(RED, GREEN), (BLUE, WHITE)]
assert found["apng, RGB"] == right and found["Pillow, palettes"] == right
assert found["apng, palettes"] == [(RED, GREEN), (RED, GREEN)], "no longer: the second palette counts"
PY
