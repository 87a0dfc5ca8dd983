"""Find what somebody means, however it is spelled."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import ProductFilter, Shelves, Vocabulary, Wanted
from ai_platform.commerce.application.tenants import require_tenant
from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.domain.ranking import Meanings, Rank, as_perhaps_meant, as_said, rank
from ai_platform.commerce.domain.spelling import asked_words
from ai_platform.kernel.principal import Principal
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

    shelves: Shelves
    vocabulary: Vocabulary
    tenancy: TenancyApi

    async def __call__(
        self, by: Principal, tenant_id: UUID, said: str, where: ProductFilter, *, after: Rank | None, limit: int
    ) -> Found:
        """Raises TenantNotFound."""
        await require_tenant(self.tenancy, by, tenant_id)
        ranked: list[Rank] = []
        seen: set[UUID] = set()
        async for found in self._by_turns(tenant_id, said, where):
            fresh = [one for one in found if one.product_id not in seen]
            seen.update(one.product_id for one in fresh)
            ranked += [one for one in sorted(fresh) if after is None or one > after]
            if len(ranked) > limit or len(seen) >= FOUND_MAX:
                break
        page = ranked[:limit]
        products = await self.shelves.products(tenant_id, [one.product_id for one in page])
        return products, page[-1] if len(ranked) > limit else None

    async def _by_turns(self, tenant_id: UUID, said: str, where: ProductFilter) -> AsyncIterator[Sequence[Rank]]:
        """From what is surely meant to what may be."""
        skus = await self.shelves.by_sku(tenant_id, said.strip(), where)
        yield [Rank(BY_SKU, place, 0, -one.int) for place, one in enumerate(skus)]
        words = asked_words(said)[:WORDS_MAX]
        if not words:
            return
        known = sorted(await self.vocabulary.near(tenant_id, words))
        nothing = not skus
        turns = ((0, as_said(words, known)), (GUESSED, as_perhaps_meant(words, known)))
        for guessed, meanings in turns:
            for place in (IN_NAME, ANYWHERE):
                found = await self._found(
                    tenant_id, Wanted(words=meanings, in_name=place == IN_NAME), where, place + guessed
                )
                nothing = nothing and not found
                yield found
            if not nothing:
                return
        yield await self._found(tenant_id, Wanted(words=turns[1][1], in_name=False, any_word=True), where, ANY_WORD)

    async def _found(self, tenant_id: UUID, wanted: Wanted, where: ProductFilter, found_by: int) -> Sequence[Rank]:
        meanings: Meanings = wanted.words
        rows = await self.shelves.found(tenant_id, wanted, where, most=FOUND_MAX)
        return [rank(found_by, product_id, name.split(), meanings) for product_id, name in rows]
