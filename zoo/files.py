"""Files that are replaced whole or not at all."""

import contextlib
import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from zoo.errors import CheckpointError

Content = bytes | Callable[[BinaryIO], object]  # of a file: its bytes, or what writes them into it


def write_files(folder: str | Path, files: Mapping[str, Content]) -> None:
    """Replace files of a folder, in their order, once all of them are on the disk under temporary names.

    CheckpointError where they cannot be written; what was there before is then whole.
    """
    folder = Path(folder)
    created, at = not folder.exists(), folder
    # always the same temporary name: a killed run leaves at most one behind
    staged = {folder / f".{name}.tmp": folder / name for name in files}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for (temporary, path), content in zip(staged.items(), files.values(), strict=True):
            at = path
            if path.is_dir():  # before any other is replaced
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            _write(temporary, content)
        for temporary, path in staged.items():
            at = path
            temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            for temporary in staged:
                temporary.unlink(missing_ok=True)
            if created:
                folder.rmdir()
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise CheckpointError(f"cannot write {at}: {reason}; what was there is whole") from error
        raise


def replace_file(path: str | Path, content: Content) -> None:
    """Replace one file, all or nothing: `write_files` for a single one."""
    path = Path(path)
    write_files(path.parent, {path.name: content})


def _write(path: Path, content: Content) -> None:
    with path.open("wb") as file:
        if callable(content):
            remembering = _Remembering(file)
            try:
                content(cast(BinaryIO, remembering))
            except RuntimeError as error:  # what torch.save makes of a full disk
                raise remembering.failed or OSError(str(error).splitlines()[0]) from error
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())


class _Remembering:
    """A file that knows why it could not be written to, which torch.save does not hand on."""

    def __init__(self, file: BinaryIO):
        self.file, self.failed = file, cast(OSError | None, None)

    def write(self, data: Any) -> int:
        try:
            return self.file.write(data)
        except OSError as error:
            self.failed = error
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)
