"""How options look in --help."""

import tyro


def automatic(metavar: str, default: str):
    """For Annotated[X | None, …] = None: an option that, left out, is decided by `default`."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=f"(default: {default})")
