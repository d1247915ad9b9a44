"""The bounds of what a visitor may ask. They stand here alone: the catalogue carries `LIMITS` to the JavaScript."""

from zoo.latents import SEEDS

COLUMNS = 8  # of every sheet: latent = row · COLUMNS + column
MAX_PICTURES = COLUMNS**2
MAX_CLASSES = 16  # in a sheet that gives each class a row
MAX_LATENT = COLUMNS * MAX_CLASSES - 1  # the last latent of a seed that a sheet can show
MIN_STEPS, MAX_STEPS = 2, 64
MIN_TRUNCATION, NO_TRUNCATION = 0.1, 4.0  # the slider's ends
MAX_SEED = SEEDS - 1
MAX_MODELS = 10  # at a time
MAX_WAITING = 24  # requests; more are told to come again
MAX_UPLOAD = 10_000_000  # bytes of a file
MAX_UPLOAD_PIXELS = 25_000_000
READ_APART = (
    1_000_000  # pixels from which on a picture is read by a process of its own, and no larger than needed
)
READING_MEMORY, LONGEST_READING = 600_000_000, 20  # of that process: bytes, and seconds of a core
LONGEST_WAIT = 60  # seconds on the clock that it may take beside others' work
MAX_READING = 4  # pictures that are read so or wait for it; more are told to come again
MAX_BODY = 1_000_000  # bytes of a request that brings no file
MAX_PARTS = 2000  # of one that does: values of its JSON
LARGE_AT_ONCE = 4  # requests with files: each takes some 100 MB while it is read
LARGE_ANSWERS = 8  # above MAX_BODY that are on their way: films, of 13 MB as text
SLOWEST_BODY = 60.0  # seconds in which a request has to arrive, and a large answer to be read
KEPT_FILES, KEPT_SECONDS = 500_000_000, 3600  # of temporary files, bytes in all and their age
MAX_SESSIONS = 500  # that gradio remembers, of 80 kB
MAX_FILES = 65_536  # that the page may have open, connections included, where the system lets it
MAX_THREADS = (
    60  # of gradio's own: more than may wait for sheets, pictures and films; files and toys have others
)
MAX_FILMS = 3  # that are drawn or wait for it; more are told to come again
FIRST_SEED = 7  # of the page without a query
FPS = 12  # frames a second of an animation, played or downloaded
SCORES = 3.0  # the losses' charts go from -SCORES to SCORES
MAX_TRAININGS = 24  # in the Loss lab, of 1 MB with ten losses; a page has one
MAX_TOY_STEPS = 20_000  # of one of them
MAX_LEAD = 500  # steps that its critic may be trained alone

LIMITS = {
    "columns": COLUMNS,
    "classes": MAX_CLASSES,
    "latent": MAX_LATENT,
    "steps": [MIN_STEPS, MAX_STEPS],
    "truncation": [MIN_TRUNCATION, NO_TRUNCATION],
    "seed": MAX_SEED,
    "firstSeed": FIRST_SEED,
    "upload": MAX_UPLOAD,
    "fps": FPS,
    "scores": SCORES,
}
