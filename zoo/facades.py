"""CMP Facades' label maps: the 12 classes and their palette, snapping pictures to it, random buildings.

Classes and their order: Tyleček & Šára, "Spatial Pattern Templates for Recognition of Objects with Regular
Structure", GCPR 2013. The colours are those of pix2pix's files (Isola et al., CVPR 2017); CMP's own differ.
"""

import base64
import operator
import zlib
from itertools import pairwise
from types import SimpleNamespace as Look

import numpy as np
from PIL import Image

from zoo.errors import DataError, Refused

_COLOURS = {
    "background": (0, 0, 223),
    "facade": (0, 48, 255),
    "window": (0, 128, 255),
    "door": (0, 207, 255),
    "cornice": (32, 255, 223),
    "sill": (112, 255, 143),
    "balcony": (191, 255, 64),
    "blind": (255, 239, 0),
    "deco": (255, 159, 0),
    "molding": (255, 80, 0),
    "pillar": (255, 0, 0),
    "shop": (175, 0, 0),
}
CLASSES = tuple(_COLOURS)
PALETTE = np.array(list(_COLOURS.values()), np.uint8)  # (12, 3)
PALETTE.flags.writeable = False
SIDE = 256  # pixels of a map that is made here or carried as text

# JPEG keeps brightness sharp and halves the resolution of colour, so a sill three pixels thick has its own
# brightness and its neighbours' colour: by plain RGB distance it vanishes. Rows: Y, and Cb and Cr times 0.15.
_EYE = np.array([[0.299, 0.587, 0.114], [-0.0253, -0.0497, 0.075], [0.075, -0.0628, -0.0122]], np.float32)
_CONFIDENT = 20.0  # the brightness by which an RGB distance of 30 differs
_FAR = 1 << 18  # above the squared distance of any two colours, and above any row


def snap_array(hwc: np.ndarray) -> np.ndarray:
    """Label map (h, w, 3) uint8, blurred by JPEG or resizing -> the same with palette colours only.

    Pixels near a palette colour, in a 2x2 block that agrees, keep it; the rest take the class of the nearest
    such pixel in the picture plane (of equally near ones, the closest in colour). The nearest colour alone
    invents thin false classes along borders: half-way from a wall to a door lies a window's colour. A map of
    exact colours comes back unchanged; where no pixel is confident, the nearest colours do. Raises ValueError
    for any other array.
    """
    if hwc.ndim != 3 or hwc.shape[2] != 3 or hwc.dtype != np.uint8:
        raise ValueError(f"a label map is (h, w, 3) uint8, not {hwc.shape} {hwc.dtype}")
    pixels, colours = hwc.astype(np.float32) @ _EYE.T, PALETTE.astype(np.float32) @ _EYE.T
    squares = (pixels**2).sum(-1, keepdims=True) + (colours**2).sum(-1)
    distance = np.maximum(squares - 2 * pixels @ colours.T, 0)  # (h, w, 12), squared
    labels = distance.argmin(-1)
    exact = (PALETTE[labels] == hwc).all(-1)
    confident = exact | _agreeing(np.where(distance.min(-1) <= _CONFIDENT**2, labels, -1))
    return PALETTE[_filled(labels, confident, distance)]


def snap(picture: Image.Image) -> Image.Image:
    """A label map of any mode and size -> RGB with palette colours only; see `snap_array`."""
    picture = picture.convert("RGB")
    few = picture.getcolors(len(CLASSES))  # None: more
    if few and {colour for _, colour in few} <= set(_COLOURS.values()):
        return picture  # as drawn here, a tenth of the time
    return Image.fromarray(snap_array(np.asarray(picture)))


def _agreeing(labels: np.ndarray) -> np.ndarray:
    """Where 2x2 blocks of one class lie (-1 is none): a border's false classes are one pixel thin."""
    a, b, c, d = labels[:-1, :-1], labels[:-1, 1:], labels[1:, :-1], labels[1:, 1:]
    block = np.pad((a >= 0) & (a == b) & (a == c) & (a == d), 1)
    return block[1:, 1:] | block[1:, :-1] | block[:-1, 1:] | block[:-1, :-1]


def _filled(labels: np.ndarray, confident: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """`labels` with the class of the nearest confident pixel wherever `confident` is false.

    The nearest ones above and below are found for all columns at once; then each pixel looks into columns
    further and further away, until they are further than what it has: two or three for nearly all.
    """
    height, width = labels.shape
    rows = np.arange(height)[:, None]
    above = np.maximum.accumulate(np.where(confident, rows, -_FAR), axis=0)
    below = np.minimum.accumulate(np.where(confident, rows, _FAR)[::-1], axis=0)[::-1]
    y, x = np.nonzero(~confident)
    cost, label, todo = np.full(len(y), np.inf), labels[y, x], np.arange(len(y))
    for reach in range(width if confident.any() else 0):
        todo = todo[cost[todo] >= reach**2 * _FAR]
        if not len(todo):
            break
        for shift, source in ((s, a) for s in {-reach, reach} for a in (above, below)):
            at = todo[(x[todo] + shift >= 0) & (x[todo] + shift < width)]
            row = source[y[at], x[at] + shift]
            at, row = at[abs(row) < _FAR], row[abs(row) < _FAR]
            found = labels[row, x[at] + shift]
            price = ((row - y[at]) ** 2 + reach**2) * float(_FAR) + distance[y[at], x[at], found]
            better = price < cost[at]
            cost[at[better]], label[at[better]] = price[better], found[better]
    filled = labels.copy()
    filled[y, x] = label
    return filled


def pack(picture: Image.Image) -> str:
    """A label map of 256x256, snapped first, as text for links and programs: a kilobyte or two.

    base64url without padding of raw deflate of one byte a pixel, row by row: the index of its class. Raises DataError
    for another size.
    """
    if picture.size != (SIDE, SIDE):
        raise DataError(f"a map as text has {SIDE}x{SIDE} pixels, not {picture.width}x{picture.height}")
    pixels = np.asarray(snap(picture))
    labels = (pixels[..., None, :] == PALETTE).all(-1).argmax(-1).astype(np.uint8)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return base64.urlsafe_b64encode(squeeze.compress(labels.tobytes()) + squeeze.flush()).decode().rstrip("=")


def unpack(text: str) -> Image.Image:
    """The label map of such a text, 256x256 RGB; DataError where it is none."""
    try:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        content = stream.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), SIDE * SIDE + 1)
        labels = np.frombuffer(content, np.uint8).reshape(SIDE, SIDE)
        return Image.fromarray(PALETTE[labels])
    except (ValueError, zlib.error, IndexError):  # bad base64, too few or too many bytes; no class
        raise DataError("this text holds no label map: it is cut short, or of something else") from None


Map = np.ndarray  # (256, 256) uint8, an index into CLASSES
Rng = np.random.Generator
Spans = list[tuple[float, float]]


def random_building(seed: int) -> Image.Image:
    """An invented label map, 256x256 RGB of exact palette colours; the same seed, 0 or more, gives the same map."""
    try:
        number = operator.index(seed)
    except TypeError:
        raise Refused(f"a seed is a whole number, not {seed!r:.60}") from None
    if number < 0:
        raise Refused(f"seed {number} is out of range: a seed is 0 or more")
    rng = np.random.default_rng(number)
    labels = np.zeros((256, 256), np.uint8)  # background
    left, gap = rng.choice([0, 8, 20, 50], 2, p=[0.45, 0.3, 0.13, 0.12]) + rng.integers(0, 10, 2)
    right, foot = 256 - gap, 256 - rng.choice([0, 6, 20], p=[0.5, 0.38, 0.12])
    roof = rng.choice([0, 12, 36, 70], p=[0.4, 0.3, 0.2, 0.1]) + rng.integers(2, 12)
    for x0, x1 in ((0, left), (right, 256)):
        _neighbour(labels, rng, x0, x1)
    _box(labels, "facade", left, right, roof, foot)

    plain = rng.random() < 0.12  # a modern house: windows and little else
    bays, floors = _bays(rng, left, right), _floors(rng, roof, foot)
    middle = len(bays) // 2 if len(bays) % 2 else -1
    accent = rng.random() < 0.5  # the middle bay is richer
    look = _look(rng, plain)
    for storey, (top, bottom) in enumerate(floors[:-1]):
        look = look if storey and rng.random() < 0.45 else _look(rng, plain)
        special = _look(rng, plain) if accent else look
        bottom -= look.band
        _box(labels, "molding", left, right, bottom, bottom + look.band)
        for bay, span in enumerate(bays):
            _window(labels, rng, special if bay == middle else look, *span, top, bottom)
        if not plain and rng.random() < 0.16:
            _pillars(labels, rng, [bays[0][0], *(end for _, end in bays)], top, bottom)
        if not plain and rng.random() < 0.15:  # one long balcony
            first = rng.integers(0, (len(bays) + 1) // 2)
            _box(labels, "balcony", bays[first][0], bays[-1 - first][1], bottom - (bottom - top) / 3, bottom)
    _ground(labels, rng, bays, *floors[-1], look, middle)
    if not plain:
        _roof(labels, rng, bays, roof, floors[0][0])
    return Image.fromarray(PALETTE[labels])


def _box(labels: Map, kind: str, x0: float, x1: float, y0: float, y1: float) -> None:
    x0, x1, y0, y1 = (max(0, round(float(v))) for v in (x0, x1, y0, y1))
    labels[y0:y1, x0:x1] = CLASSES.index(kind)


def _spans(start: float, end: float, shares: np.ndarray) -> Spans:
    edges = start + np.r_[0, shares.cumsum()] / shares.sum() * (end - start)
    return list(pairwise(edges))


def _bays(rng: Rng, left: float, right: float) -> Spans:
    """The columns of windows: equal, with wider ends, with a wider middle, or without order."""
    shares = np.ones(int(np.clip((right - left) / rng.uniform(22, 55), 2, 9)))
    order = rng.integers(0, 4)
    if order == 1:
        shares[[0, -1]] = rng.uniform(1.2, 1.6)
    elif order == 2:
        shares[len(shares) // 2] = rng.uniform(1.2, 1.7)
    elif order == 3:
        shares = rng.uniform(0.8, 1.3, len(shares))
    side = rng.uniform(0, 0.05) * (right - left)
    return _spans(left + side, right - side, shares)


def _floors(rng: Rng, roof: float, foot: float) -> Spans:
    """(top, bottom) of each floor below the roof's strip, the ground floor last."""
    top = roof + rng.uniform(8, 34)
    shares = rng.uniform(0.9, 1.15, int(np.clip((foot - top) / rng.uniform(34, 60), 2, 7)))
    shares[-1] = rng.uniform(0.9, 1.3)
    return _spans(top, foot, shares)


def _look(rng: Rng, plain: bool) -> Look:
    """A floor's windows, in shares of the bay's width or the window's height; `band`: a molding's pixels."""

    def maybe(chance: float, low: float, high: float) -> float:
        return rng.uniform(low, high) if rng.random() < chance and not plain else 0.0

    return Look(
        width=rng.uniform(0.38, 0.66),
        height=rng.uniform(0.48, 0.72),
        panes=1 + (rng.random() < 0.25),
        sill=maybe(0.75, 0.1, 0.35),
        cornice=maybe(0.6, 0.08, 0.38),
        balcony=maybe(0.28, 0.25, 0.5),
        deco=maybe(0.45, 0.15, 0.4),
        blind=maybe(0.18, 0.2, 0.4),
        band=int(maybe(0.5, 4, 17)),
    )


def _window(labels: Map, rng: Rng, look: Look, x0: float, x1: float, top: float, bottom: float) -> None:
    """One window in its bay, with what is above, beside and below it; boxes drawn by hand are never exact."""
    width, height = (x1 - x0) * look.width, (bottom - top) * look.height
    x, y1 = (x0 + x1) / 2 + rng.normal(0, 0.5), bottom - (bottom - top - height) * 0.45 + rng.normal(0, 0.5)
    y0, a, b, wide = y1 - height, x - width / 2, x + width / 2, 0.12 * width
    for pane in _spans(a, b, np.ones(look.panes)):
        _box(labels, "window", pane[0] + look.panes - 1, pane[1] - look.panes + 1, y0, y1)
    for edge in (a, b) if look.blind else ():
        _box(labels, "blind", edge - look.blind * width / 2, edge + look.blind * width / 2, y0, y1)
    over = y0 - look.cornice * height
    _box(labels, "cornice", a - wide, b + wide, over, y0)
    _box(labels, "deco", a + wide / 2, b - wide / 2, over - look.deco * height, over)
    if look.balcony:
        _box(labels, "balcony", a - 1.5 * wide, b + 1.5 * wide, y1 - look.balcony * height, y1 + 2)
    elif look.sill:
        _box(labels, "sill", a - wide, b + wide, y1, y1 + max(4, look.sill * height))


def _pillars(labels: Map, rng: Rng, places: list[float], top: float, bottom: float) -> None:
    half, capital = rng.uniform(1.5, 5), rng.choice([1, 1.6])
    for x in places:
        _box(labels, "pillar", x - half, x + half, top, bottom)
        _box(labels, "pillar", x - capital * half, x + capital * half, top, top + 4)


def _ground(labels: Map, rng: Rng, bays: Spans, top: float, bottom: float, look: Look, middle: int) -> None:
    """Shops, one long shop, windows or gates, with a door among them, under a molding."""
    band = rng.choice([0, 8, 14])
    _box(labels, "molding", bays[0][0] - 1, bays[-1][1] + 1, top - 4, top - 4 + band)
    top += band
    high = top + rng.uniform(0.05, 0.25) * (bottom - top)
    kind = rng.choice(["shops", "front", "windows", "gates"], p=[0.33, 0.12, 0.5, 0.05])
    if kind == "front":
        _box(labels, "shop", bays[0][0], bays[-1][1], high, bottom)
    door = middle if middle >= 0 else int(rng.integers(len(bays)))
    for bay, (x0, x1) in enumerate(bays):
        if bay == door or kind == "gates":
            a, b = x0 + 0.28 * (x1 - x0), x1 - 0.28 * (x1 - x0)
            _box(labels, "door", a, b, high, bottom)
            if rng.random() < 0.35:
                _box(labels, "deco", a - 3, b + 3, high - 9, high)
            if rng.random() < 0.2:
                _pillars(labels, rng, [a - 4, b + 4], high - 4, bottom)
        elif kind == "shops":
            _box(labels, "shop", x0 + 0.1 * (x1 - x0), x1 - 0.1 * (x1 - x0), high, bottom - 3)
        elif kind == "windows":
            _window(labels, rng, look, x0, x1, top, bottom)


def _roof(labels: Map, rng: Rng, bays: Spans, roof: float, top: float) -> None:
    """The molding at the roof's edge; above it dormers or a balustrade, and sometimes a stepped gable."""
    left, right = bays[0][0], bays[-1][1]
    _box(labels, "molding", left - 3, right + 3, top - rng.uniform(5, 16), top)
    if rng.random() < 0.4 and top - roof > 24:
        for x0, x1 in bays[rng.integers(2) :: 2]:
            _box(labels, "window", x0 + 0.3 * (x1 - x0), x1 - 0.3 * (x1 - x0), roof + 2, top - 14)
    elif rng.random() < 0.2:
        _box(labels, "balcony", left, right, roof, roof + rng.uniform(8, 18))
    if rng.random() < 0.3 and roof > 16:
        x, half, steps = (left + right) / 2, (right - left) * rng.uniform(0.15, 0.4), rng.integers(1, 4)
        for step in range(steps):
            reach = half * (1 - step / steps)
            _box(labels, "facade", x - reach, x + reach, roof * (1 - 0.8 * (step + 1) / steps), roof)
        _box(labels, "window", x - half / 5, x + half / 5, 0.5 * roof, roof - 3)


def _neighbour(labels: Map, rng: Rng, x0: float, x1: float) -> None:
    """Windows of the next house: the label maps name its parts but leave its wall background."""
    x, pitch = (x0 + x1) / 2 + rng.uniform(-4, 4), rng.integers(30, 46)
    for y in range(rng.integers(30, 110), 240, pitch) if x1 - x0 > 30 else ():
        _box(labels, "window", x - 8, x + 8, y, y + pitch * 0.5)
        _box(labels, "sill", x - 10, x + 10, y + pitch * 0.5, y + pitch * 0.6)
