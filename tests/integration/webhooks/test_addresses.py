"""Webhooks go only where they may, whatever a name resolves to."""

import ipaddress
from collections.abc import Sequence

from ai_platform.runtime.callback_urls import Address
from ai_platform.runtime.db import Database
from tests.integration.webhooks.deliveries import StartSender, sent
from tests.integration.webhooks.receiver import Receiver


class Names:
    """A name server of a test's own; each look-up takes the next answer, and the last stays."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    async def __call__(self, _: str) -> Sequence[Address]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [ipaddress.ip_address(answer)]


async def test_a_private_address_is_not_called(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        row = await sent(database, start_sender, receiver.url(), allow_private=False)
    assert (row.tries[0]["error"], receiver.received) == ("target_refused", [])


async def test_a_name_of_a_private_address_is_not_called(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        url = receiver.url("hooks.example")
        row = await sent(database, start_sender, url, allow_private=False, resolve=Names("127.0.0.1"))
    assert (row.tries[0]["error"], receiver.received) == ("target_refused", [])


async def test_the_vetted_address_is_called_by_the_urls_name(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        names = Names("127.0.0.1", "203.0.113.1")  # whoever asks twice is sent elsewhere
        await sent(database, start_sender, receiver.url("hooks.example"), resolve=names)
    assert [one.headers["host"] for one in receiver.received] == [f"hooks.example:{receiver.port}"]
