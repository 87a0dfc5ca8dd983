"""The product that somebody means, to be changed."""

from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import CatalogueWork
from ai_platform.commerce.domain.errors import ProductNotFound
from ai_platform.commerce.domain.product import Product
from ai_platform.kernel.aggregate import require_version


async def named_product(work: CatalogueWork, product_id: UUID, *, expected: frozenset[int] | None = None) -> Product:
    """Kept from others. `expected` are the versions that will do. Raises ProductNotFound, PreconditionFailed."""
    product = await work.products.get(product_id)
    if product is None:
        raise ProductNotFound(product_id)
    require_version(product.version, expected)
    return product
