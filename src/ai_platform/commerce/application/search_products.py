"""Find what somebody means, however it is spelled."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import Index, ProductFilter, Wanted
from ai_platform.commerce.application.tenants import require_tenant
from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.domain.ranking import Rank, as_perhaps_meant, as_said, rank
from ai_platform.commerce.domain.spelling import asked_words, is_code
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.contracts.api import TenancyApi

FOUND_MAX: Final = 500
"""As many are ranked; who wants more has to ask for less."""

WORDS_MAX: Final = 8
BY_SKU, IN_NAME, ANYWHERE = 0, 1, 2
GUESSED: Final = 2
ANY_WORD: Final = 5

Found = tuple[Sequence[Product], Rank | None]
"""A page of products, and the rank of its last one when there are more."""


@dataclass(frozen=True, slots=True)
class SearchProducts:
    """An exact SKU first, then products with all words in the name, then with all words anywhere.

    Only when none has them, every word is taken for a misspelling; and only when that does not help either, products
    with any of the words are shown.
    """

    transactions: Transactions[Index]
    tenancy: TenancyApi

    async def __call__(
        self, by: Principal, tenant_id: UUID, said: str, where: ProductFilter, *, after: Rank | None, limit: int
    ) -> Found:
        """Raises TenantNotFound."""
        await require_tenant(self.tenancy, by, tenant_id)
        async with self.transactions(tenant_id) as index:
            ranked = await _ranked(_by_turns(index, said, where), after, limit)
            products = await index.products([one.product_id for one in ranked[:limit]])
        return products, ranked[limit - 1] if len(ranked) > limit else None


async def _ranked(turns: AsyncIterator[Sequence[Rank]], after: Rank | None, limit: int) -> list[Rank]:
    """Turn by turn, until there are enough."""
    ranked: list[Rank] = []
    seen: set[UUID] = set()
    async for found in turns:
        fresh = [one for one in found if one.product_id not in seen]
        seen.update(one.product_id for one in fresh)
        ranked += [one for one in sorted(fresh) if after is None or one > after]
        if len(ranked) > limit or len(seen) >= FOUND_MAX:
            break
    return ranked


async def _by_turns(index: Index, said: str, where: ProductFilter) -> AsyncIterator[Sequence[Rank]]:
    """From what is surely meant to what may be."""
    skus = await index.by_sku(said.strip(), where)
    yield [Rank(BY_SKU, place, 0, -one.int) for place, one in enumerate(skus)]
    words = asked_words(said)[:WORDS_MAX]
    if not words or (skus and is_code(said)):
        return
    known = sorted(await index.near(words))
    nothing = not skus
    turns = ((0, as_said(words, known)), (GUESSED, as_perhaps_meant(words, known)))
    for guessed, meanings in turns:
        for place in (IN_NAME, ANYWHERE):
            wanted = Wanted(words=meanings, in_name=place == IN_NAME)
            found = await _found(index, wanted, where, place + guessed)
            nothing = nothing and not found
            yield found
        if not nothing:
            return
    yield await _found(index, Wanted(words=turns[1][1], in_name=False, any_word=True), where, ANY_WORD)


async def _found(index: Index, wanted: Wanted, where: ProductFilter, found_by: int) -> Sequence[Rank]:
    rows = await index.found(wanted, where, most=FOUND_MAX)
    return [rank(found_by, product_id, name.split(), wanted.words) for product_id, name in rows]
