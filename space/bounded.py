"""Requests of a size that memory can take: a custom piece's calls are not bounded by gradio."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Bounded:
    """Refuses a body of more than `most` bytes: with 413 where its length is announced, else by hanging up."""

    def __init__(self, app: ASGIApp, most: int):
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self.most:
            refusal = PlainTextResponse(f"a request has at most {self.most:,} bytes", 413)
            return await refusal(scope, receive, send)
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            return message if arrived <= self.most else {"type": "http.disconnect"}

        return await self.app(scope, counted, send)
