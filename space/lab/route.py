"""The Loss lab over HTTP: POST lab with {ask, page, …}; pages have no other way to it, so all bounds are kept here.

A plain route: frames are bytes, and a page that closes says so by a beacon.
"""

import functools
import json
import threading

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from space.lab.asking import asked_losses, asked_setting
from space.lab.frames import packed
from space.lab.prices import prices
from space.lab.training import Training, shipped
from space.lab.trainings import Gone, Trainings
from space.limits import MAX_TOY_STEPS
from space.shelf import whole
from space.studio import Busy, Left
from zoo.errors import Refused, ZooError, unknown
from zoo.losses import Loss

LONGEST = 4096  # bytes of what is asked
TRAININGS = Trainings()
remembered = functools.lru_cache(1024)(prices)


class Frame(Response):
    media_type = "application/octet-stream"


def start(asked: dict) -> Response:
    """{page, losses, shape, own, seed, optimiser, lead} → the first frame."""
    return Frame(TRAININGS.start(asked.get("page"), asked_setting(asked), packed))


def tick(asked: dict) -> Response:
    """{page, steps} → the next frame, after so many steps or as many as there is time for."""
    steps = whole("steps", asked.get("steps"), 1, MAX_TOY_STEPS)
    return Frame(TRAININGS.tick(asked.get("page"), steps, packed))


def curves(asked: dict) -> Response:
    """{losses} → {name: prices}."""
    chosen: dict[str, Loss] = asked_losses(asked.get("losses"))
    return JSONResponse({name: remembered(loss) for name, loss in chosen.items()})


def end(asked: dict) -> Response:
    """{page}: it has closed."""
    TRAININGS.end(asked.get("page"))
    return Response(status_code=204)


ASKS = {work.__name__: work for work in (start, tick, curves, end)}


def answer(content: bytes) -> Response:
    try:
        if len(content) > LONGEST:
            raise Refused(f"ask with {LONGEST} bytes at most")
        try:
            asked = json.loads(content)
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            raise Refused("ask with a JSON object")
        if asked.get("ask") not in ASKS:
            raise unknown("ask", str(asked.get("ask"))[:60], ASKS)
        return ASKS[asked["ask"]](asked)
    except ZooError as error:
        return JSONResponse({"error": str(error)})
    except (Gone, Left):
        return JSONResponse({"gone": True})
    except Busy:
        return JSONResponse({"busy": True})


async def lab(request: Request) -> Response:
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > LONGEST:
            break
    return await to_thread.run_sync(answer, content)


def warm_up() -> None:
    """Loads, in the background, what the first training would have to wait for."""

    def step() -> None:
        training = Training(shipped(0))
        training.run(1)
        packed(training)

    threading.Thread(target=step, daemon=True).start()


ROUTE = Route("/lab", lab, methods=["POST"])
