"""How a model shows itself at the end of a notebook's cell."""

import base64
import html as quoting
import io
from typing import TYPE_CHECKING

from PIL import Image

from zoo import facades

if TYPE_CHECKING:
    from zoo.model import Model

SHOWN = 16  # pictures: a fraction of a second on a CPU


def sheet(model: "Model") -> Image.Image | None:
    """Some of its pictures; None of a model that translates, unless there is a map that it is made for."""
    if model.kind == "noise":
        return model.grid(SHOWN)
    if model.config.dataset.palette == "facades":
        return model.translate(facades.random_building(seed=3))
    return None


def png(model: "Model") -> bytes | None:
    picture, file = sheet(model), io.BytesIO()
    if picture is None:
        return None
    picture.save(file, "PNG")
    return file.getvalue()


def html(model: "Model") -> str:
    """A figure; what stands in it may come from a stranger's config."""
    about, picture = quoting.escape(repr(model)), png(model)
    if picture is None:
        return f"<code>{about}</code>"
    data = base64.b64encode(picture).decode()
    image = f'<img alt="its pictures" src="data:image/png;base64,{data}" style="image-rendering: pixelated">'
    return f'<figure style="margin: 0">{image}<figcaption><code>{about}</code></figcaption></figure>'
