"""How an answer goes over the line: whole, or begun only."""

from starlette.responses import JSONResponse, Response


def start(response: Response) -> dict:
    return {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}


async def whole(response: Response, send) -> None:
    response.headers["content-length"] = response.headers.get("content-length") or str(len(response.body))
    await send(start(response))
    await send({"type": "http.response.body", "body": response.body})


def error(status: int, code: str = "", message: str = "", **headers: str) -> Response:
    named = {"X-Error-Code": code} if code else {}
    said = {"X-Error-Message": message} if message else {}
    return JSONResponse({"error": message or code}, status, headers={**named, **said, **headers})
