"""The catalogue: taken over from a file, and searched."""

import random
import statistics
import time
from collections.abc import Iterator

import httpx
import psutil

from ai_platform.kernel.principal import DEFAULT_TENANT
from benchmarks.stage import Figures, Stage, peak_memory

VARIANTS = 100_000
OTHER_TENANTS = 999
OF_EACH_OTHER = 100
SEARCHES = 1_000
PRODUCTS = f"/v1/crm/tenants/{DEFAULT_TENANT}/products"

COMMON = ("kopi", "kaos", "celana", "sepatu", "tas", "baju", "kemeja", "jaket", "gelas", "piring")
COLOURS = ("hitam", "putih", "merah", "hijau", "biru", "kuning", "cokelat", "abu", "ungu", "krem")
SYLLABLES = tuple(first + then for first in "bcdgjklmnprstw" for then in ("a", "i", "u", "e", "o", "an", "ar", "in"))

_MANY_TENANTS = f"""
INSERT INTO tenants (id, name)
SELECT gen_random_uuid(), 'tenant ' || at FROM generate_series(1, {OTHER_TENANTS}) AS at
"""  # noqa: S608 - a constant
_SAME_GOODS = f"""
INSERT INTO products (id, tenant_id, name, base_price, currency, searched_name, search)
SELECT gen_random_uuid(), tenants.id, goods.name, goods.base_price, 'IDR', goods.searched_name,
    replace(goods.search::text, '{DEFAULT_TENANT.hex[-8:]}', right(replace(tenants.id::text, '-', ''), 8))::tsvector
FROM tenants, LATERAL (
    SELECT * FROM products WHERE tenant_id = '{DEFAULT_TENANT}' AND tenants.id IS NOT NULL LIMIT {OF_EACH_OTHER}
) AS goods
WHERE tenants.id <> '{DEFAULT_TENANT}'
"""  # noqa: S608 - constants


def words(count: int) -> list[str]:
    chosen = random.Random(7)  # noqa: S311 - the same shop each time
    return ["".join(chosen.choices(SYLLABLES, k=chosen.randint(2, 4))) for _ in range(count)]


def lines(count: int) -> Iterator[bytes]:
    """One variant a line; a tenth of the products have several."""
    chosen, brands = random.Random(11), words(3_000)  # noqa: S311
    yield b"name,description,category,base_price,sku,variant_name,price,stock,warna\n"
    at = 0
    while at < count:
        noun, colour = chosen.choice(COMMON), chosen.choice(COLOURS)
        name = f"{noun} {chosen.choice(brands)} {chosen.choice(brands)} {colour}"
        told = " ".join(chosen.choices(brands, k=8))
        for variant in range(min(count - at, chosen.choice((1,) * 9 + (5,)))):
            at += 1
            price = chosen.randint(5, 500) * 1000
            yield f"{name},{told},{noun},{price},SKU-{at:06},ukuran {variant},,{at % 50},{colour}\n".encode()


def take_over(gateway: str) -> tuple[float, dict[str, int]]:
    began = time.perf_counter()
    with httpx.Client(trust_env=False, timeout=600) as http:
        answer = http.post(
            gateway + PRODUCTS + "/import", content=lines(VARIANTS), headers={"Content-Type": "text/csv"}
        )
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["created"] == VARIANTS, {**report, "rejected": report["rejected"][:5]}
    return time.perf_counter() - began, report


def imports(stage: Stage) -> Figures:
    """100 000 lines of CSV taken over by one gateway, and the same file once more."""
    with stage.gateway() as gateway:
        pid = _listening(gateway)
        before = peak_memory(pid)
        seconds, _ = take_over(gateway)
        began = time.perf_counter()
        with httpx.Client(trust_env=False, timeout=600) as http:
            headers = {"Content-Type": "text/csv"}
            again = http.post(gateway + PRODUCTS + "/import", content=lines(VARIANTS), headers=headers).json()
        assert again["updated"] == VARIANTS
        return {
            "lines": VARIANTS,
            "seconds (< 60)": seconds,
            "lines/s": VARIANTS / seconds,
            "seconds again": time.perf_counter() - began,
            "MiB before": before,
            "MiB at most (< 200)": peak_memory(pid),
        }


def searches(stage: Stage) -> Figures:
    """Searching 100 000 variants of one tenant among 1 000: misspelled, common and exact, one after another."""
    with stage.gateway() as gateway:
        take_over(gateway)
        stage.fetch(_MANY_TENANTS)
        stage.fetch(_SAME_GOODS)
        for table in ("products", "product_variants", "product_words"):
            stage.fetch(f"ANALYZE {table}")
        figures: Figures = {}
        with httpx.Client(trust_env=False, base_url=gateway) as http:
            for kind, asked in questions().items():
                took = sorted(_search(http, said) for said in asked)
                figures[f"{kind} p50 ms"] = statistics.median(took)
                figures[f"{kind} p99 ms"] = took[int(len(took) * 0.99)]
        return figures


def questions() -> dict[str, list[str]]:
    chosen, brands = random.Random(13), words(3_000)  # noqa: S311
    each = SEARCHES // 4

    def slipped(word: str) -> str:
        at = chosen.randrange(1, len(word))
        return word[:at] + chosen.choice("aeioukst") + word[at + 1 :]

    pairs = [(chosen.choice(COMMON), chosen.choice(brands)) for _ in range(each)]
    kinds = {
        "as written": [f"{noun} {brand}" for noun, brand in pairs],
        "misspelled": [f"{slipped(noun)} {slipped(brand)}" for noun, brand in pairs],
        "one common word": [chosen.choice(COMMON + COLOURS) for _ in range(each)],
        "SKU": [f"sku-{chosen.randint(1, VARIANTS):06}" for _ in range(each)],
    }
    everything = [said for asked in kinds.values() for said in asked]
    chosen.shuffle(everything)
    return {**kinds, "all (p99 < 50)": everything}


def _search(http: httpx.Client, said: str) -> float:
    began = time.perf_counter()
    answer = http.get(PRODUCTS, params={"q": said, "limit": 10})
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - began) * 1000


def _listening(gateway: str) -> int:
    port = int(gateway.rpartition(":")[2])
    return next(
        one.pid
        for one in psutil.net_connections("tcp")
        if one.laddr and one.laddr.port == port and one.status == "LISTEN" and one.pid
    )


ALL = {"import": imports, "search": searches}
