"""Reads one large picture: python -m space.reading SIDE PIXELS SECONDS BYTES, which takes and gives it by its pipes.

A process of its own, since the page's would hold the pixels whole, and everybody else meanwhile. It knows nothing
of the page, whose import would take longer than most pictures.
"""

import json
import os
import sys

from zoo import decoding
from zoo.errors import DataError


def main() -> None:
    """Out: a line of JSON {mode, size, whole}, then the pixels. At exit status 1, why not, as a line to stderr."""
    side, pixels, seconds, memory = map(int, sys.argv[1:])
    if os.name == "posix":
        import resource

        os.nice(5)  # the page first; but beside a training it would never end at 19
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))  # where nobody waits any more
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        picture, whole = decoding.reduced(sys.stdin.buffer.read(), side, most=pixels)
    except DataError as error:
        memory_ended = isinstance(error.__cause__, MemoryError)
        sys.exit("it takes too much memory, bring a smaller one or a JPEG" if memory_ended else str(error))
    head = {"mode": picture.mode, "size": picture.size, "whole": whole}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + picture.tobytes())


if __name__ == "__main__":
    main()
