"""The 106 test pairs of CMP Facades, by number: a copy on disk, or the Hub's, fetched when first asked for."""

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from space.limits import MAX_UPLOAD_PIXELS
from space.studio import Busy
from zoo import pictures
from zoo.config import NAMED_DATA
from zoo.errors import DataError, Refused, ZooError

if TYPE_CHECKING:
    import pyarrow

NAME, ID = "facades", NAMED_DATA["facades"].id
PHOTOGRAPH, MAP = "imageA", "imageB"  # columns
FILES = "test-*.parquet"  # of the test split, in the Hub's layout
NUMBER = 106
AGAIN = 60.0  # seconds until the Hub is asked once more
HOW = f"start the page with --data-dir DIR (or ZOO_DATA_DIR), DIR/{NAME}/ a copy of {ID}"


class TestPairs:
    """Pairs as they were published: a photograph and its label map, of any size and not yet snapped."""

    __test__ = False  # for pytest: no test

    def __init__(self, data_dir: str | Path | None = None):
        """`data_dir` has facades/ or huggan/facades/ in it; None takes ZOO_DATA_DIR. DataError where it has neither."""
        self._table: pyarrow.Table | None = None
        self._asking = threading.Lock()
        self._failed: tuple[float, DataError] | None = None
        base = data_dir or os.environ.get("ZOO_DATA_DIR")
        places = [Path(base).expanduser() / place for place in (NAME, ID)] if base else []
        for place in filter(Path.is_dir, places):
            self._table = _read(sorted(place.rglob(FILES)), str(place))
            return
        if data_dir:
            raise DataError(f"no folder '{NAME}' in --data-dir {data_dir}")

    @property
    def here(self) -> bool:
        """Whether they can be had without asking the Hub."""
        return self._table is not None

    def __len__(self) -> int:
        return self._table.num_rows if self._table else NUMBER

    def fetch(self) -> None:
        """See to it that they are here. DataError names the fix; Busy: somebody else is fetching them."""
        if self._table:
            return
        if not self._asking.acquire(blocking=False):
            raise Busy
        try:
            if self._failed and time.monotonic() - self._failed[0] < AGAIN:
                raise self._failed[1]
            self._table = _read(_from_hub(), ID)
        except DataError as error:
            self._failed = self._failed or (time.monotonic(), error)
            if time.monotonic() - self._failed[0] >= AGAIN:
                self._failed = time.monotonic(), error
            raise
        finally:
            self._asking.release()

    def __getitem__(self, number: int) -> tuple[Image.Image, Image.Image]:
        """(map, photograph), the i-th of the test split from 0 on."""
        if self._table is None:
            raise DataError(f"no test pairs here: {HOW}")
        if not 0 <= number < len(self):
            raise Refused(f"the test pairs are 0 to {len(self) - 1}, not {number}")
        cells = (self._table[column][number].as_py() for column in (MAP, PHOTOGRAPH))
        return tuple(pictures.decode(cell["bytes"] or b"", most=MAX_UPLOAD_PIXELS) for cell in cells)


def _read(files: list[Path], source: str) -> "pyarrow.Table":
    import pyarrow
    from pyarrow import parquet

    try:
        table = pyarrow.concat_tables([parquet.read_table(file, columns=[PHOTOGRAPH, MAP]) for file in files])
    except (OSError, ValueError) as error:  # also pyarrow's own
        raise DataError(
            f"{source} has no test pairs in the Hub's layout ({str(error)[:80]}): {HOW}"
        ) from None
    if not table.num_rows:
        raise DataError(f"{source} has no test pairs: {HOW}")
    return table


def _from_hub() -> list[Path]:
    """The files in the client's cache, fetched where they are new."""
    from fnmatch import fnmatch

    from huggingface_hub import HfApi, hf_hub_download

    from zoo.hub.refusals import plain_errors
    from zoo.hub.waiting import Connection, about_us

    of = {"repo_id": ID, "repo_type": "dataset"}
    try:
        with plain_errors(ID), Connection(quick=True):
            names = [name for name in HfApi(**about_us()).list_repo_files(**of) if fnmatch(name, f"*{FILES}")]
            return [Path(hf_hub_download(**of, filename=name, **about_us())) for name in sorted(names)]
    except ZooError:
        cached = _cached()
        if cached:
            return cached
        raise DataError(f"the Hub cannot be reached for the test pairs: {HOW}") from None


def _cached() -> list[Path]:
    """What an earlier visit left in the client's cache."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE) / f"datasets--{ID.replace('/', '--')}" / "snapshots"
    newest = sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime)[-1:]
    return [file for path in newest for file in sorted(path.rglob(FILES))]
