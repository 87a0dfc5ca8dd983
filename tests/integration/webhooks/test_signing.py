"""A receiver can verify what it gets, and nothing goes out unsigned."""

from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import WebhookVerificationError

from ai_platform.kernel.ids import new_id
from ai_platform.runtime.db import Database
from tests.integration.webhooks.deliveries import StartSender, a_delivery, has_status, make_due, row, sent, store, tried
from tests.integration.webhooks.receiver import SECRET, Receiver, answering
from tests.support import eventually


async def test_a_receiver_can_verify_what_it_gets(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        row = await sent(database, start_sender, receiver.url())
    assert receiver.received[0].verified() == row.payload
    assert receiver.received[0].headers["webhook-id"] == str(row.id)


async def test_each_tenants_webhooks_are_signed_with_its_own_secret_and_a_new_one_signs_the_next_try(
    database: Database, start_sender: StartSender
) -> None:
    mine, theirs = new_id(), new_id()
    kept = {mine: "whsec_" + "bWluZQ==" * 4, theirs: SECRET}

    async def own(tenant_id: UUID) -> SecretStr | None:
        return SecretStr(kept[tenant_id])

    async with Receiver(answering(500), answering(200)) as receiver:
        first, second = a_delivery(receiver.url(), tenant_id=mine), a_delivery(receiver.url(), tenant_id=theirs)
        await store(database, first)
        start_sender(secrets=own)
        await tried(database, first.id)
        with pytest.raises(WebhookVerificationError):
            receiver.received[0].verified()
        kept[mine] = SECRET
        await make_due(database)
        await store(database, second)
        for one in (first, second):
            await eventually(has_status, database, one.id, "delivered")
        assert all(one.verified() for one in receiver.received[1:])


@pytest.mark.parametrize("secret", [None, "whsec_x"])
async def test_what_nothing_can_sign_is_not_sent_and_uses_up_no_try(
    database: Database, start_sender: StartSender, secret: str | None
) -> None:
    async def none(_: UUID) -> SecretStr | None:
        return SecretStr(secret) if secret else None

    async with Receiver() as receiver:
        delivery = a_delivery(receiver.url())
        await store(database, delivery)
        start_sender(secrets=none)

        async def waits() -> bool:
            found = await row(database, delivery.id)
            return bool(found.attempt == 1 and found.wait > timedelta(seconds=30))

        await eventually(waits)
        found = await row(database, delivery.id)
        assert (found.status, found.tries, receiver.received) == ("pending", [], [])
