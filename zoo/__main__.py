"""`python -m zoo`, as `zoo`; under `accelerate launch -m zoo train …` in several processes."""

import sys

from zoo.cli import main

if __name__ == "__main__":
    sys.exit(main())
