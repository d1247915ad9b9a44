"""A model in some lines of text: its config and its measurements, as `zoo info` prints them."""

from zoo.errors import printable
from zoo.measurements import Info, collapse, counting, measure_of


def describe(found: Info) -> str:
    """Config and measurements for a person to read."""
    config, data, training = found.config, found.config.dataset, found.config.training
    steps, shape = f"{training.g_steps:,} generator steps", f"{data.size}×{data.size}×{data.channels}"
    rows = {
        "architecture": _fields(config.architecture),
        "critic": _fields(config.critic),
        "loss": _fields(config.loss),
        "data": f"{data.id or data.name}, {data.pictures:,} pictures of {shape}",
        "classes": ", ".join(data.labels) if config.architecture.get("classes") else "",
        "trained": f"{training.kimg:g} kimg in batches of {training.batch}, {steps}",
        "speed": f"{training.pictures_per_second:.0f} pictures/s on {training.hardware}",
        "weights": f"{config.weights.bytes / 1e6:.2f} MB, {config.weights.dtype}",
    }
    lines = [config.id, *(f"  {name:<13} {value}" for name, value in rows.items() if value)]
    if found.metrics.rows:
        lines += _measurements(found.metrics.rows, found.metrics.stale)
    return "\n".join(map(printable, lines))


def _fields(fields: dict) -> str:
    name = [fields["name"]] if "name" in fields else []
    return ", ".join([*name, *(f"{key} {value}" for key, value in fields.items() if key != "name")])


def _measurements(rows: list[dict], stale: bool) -> list[str]:
    """The row of each measure that counts; --json has those along the way, of other seeds, modes and protocols too."""
    counted = (counting(rows, name) for name in dict.fromkeys(map(measure_of, rows)))
    told = [row for row in counted if row and row["value"] is not None]
    width = max((len(str(row["name"])) for row in told), default=0)
    lines = ["measured"]
    if stale:
        lines = ["measured (stale: with other weights)"]
    elif decisive := collapse(rows):
        lines = [f"measured: it has collapsed, by its {measure_of(decisive).replace('_', ' ')}"]
    for row in told:
        about = [f"{key} {row[key]}" for key in ("n", "dataset", "split") if key in row]
        about += [
            f"{state} critic" for state in ("saturated", "dead") if row.get(state)
        ]  # it is never stable
        details = ", ".join(about)
        lines.append(f"  {row['name']!s:<{width}}  {row['value']:<8.4g}  {details}".rstrip())
    return lines
