"""HEAD is GET up to the first byte of its body."""

from starlette.types import Message, Receive, Send

from ai_platform.runtime.head import HeadOnly

START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}


async def endless(receive: Receive, send: Send) -> int:
    """Says something again and again until its listener is gone; answers how often."""
    await send(START)
    times = 0
    while (await receive())["type"] != "http.disconnect":
        await send({"type": "http.response.body", "body": b"hello", "more_body": True})
        times += 1
    return times


async def test_a_stream_ends_with_its_head() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    head = HeadOnly(receive, send)

    assert await endless(head.receive, head.send) == 0
    assert sent == [START, {"type": "http.response.body", "body": b""}]
