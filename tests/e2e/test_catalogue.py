"""A shop's shelves, filled from a file by whoever has nothing but the command line."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.e2e.client import Client
from tests.e2e.programs import GatewayProcess, until
from tests.e2e.stage import Stage
from tests.e2e.test_tenancy import run
from tests.http_clients import request

HEADER = "name,category,base_price,sku,stock\n"
KEPT = "SELECT count(*) AS kept FROM product_variants WHERE tenant_id = $1"


def a_shop(gateway: GatewayProcess, directory: Path) -> tuple[str, str]:
    made = json.loads(run(gateway, directory, "tenants", "create", "Warung Bu Sri"))
    return made["id"], made["api_key"]


def test_a_catalogue_is_imported_and_its_bad_lines_are_named(gateway: GatewayProcess, tmp_path: Path) -> None:
    tenant, key = a_shop(gateway, tmp_path)
    file = tmp_path / "catalogue.csv"
    file.write_text(HEADER + "Kopi Gayo,Kopi,85000,GAYO,40\nTeh,Teh,-1,TEH,1\nKaos Hitam,Baju,50000,KH,9\n")
    command = ("products", "import", str(file), "--tenant", tenant)
    said = run(gateway, tmp_path, *command, key=key, code=1)
    assert "line 3: base_price_invalid" in said
    assert "1 lines were rejected" in said
    with Client(gateway.url, key) as client:
        for asked, name in (("kopi gajo", "Kopi Gayo"), ("kaos itam", "Kaos Hitam")):
            items = client.http.get(f"/v1/crm/tenants/{tenant}/products", params={"q": asked}).json()["items"]
            assert [one["name"] for one in items] == [name]
    file.write_text(HEADER + "Kopi Gayo,Kopi,85000,GAYO,40\n")
    assert run(gateway, tmp_path, *command, key=key) == "0 created, 1 updated, 0 rejected.\n"
    assert json.loads(run(gateway, tmp_path, *command, "--json", key=key))["rejected"] == []
    assert "Cannot read" in run(gateway, tmp_path, "products", "import", "nowhere.csv", code=2)


def test_a_gateway_that_dies_in_the_middle_of_an_import_has_kept_whole_batches(served: Stage, tmp_path: Path) -> None:
    gateway = served.gateway().start()
    tenant, key = a_shop(gateway, tmp_path)
    rows = [f"Produk {at // 3},Kopi,85000,SKU-{at},{at % 7}\n".encode() for at in range(6000)]
    died = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield HEADER.encode()
        for at, row in enumerate(rows):
            yield row
            if at == 3000:
                until(lambda: served.sql(KEPT, tenant)[0]["kept"] >= 1000, what="some batches")
                gateway.kill()
                died.set()

    path, headers = f"/v1/crm/tenants/{tenant}/products/import", {"Content-Type": "text/csv"}
    headers["Authorization"] = f"Bearer {key}"
    try:
        request("POST", gateway.url + path, content=slowly(), headers=headers, timeout=60)
    except httpx.TransportError:
        assert died.is_set()
    kept = served.sql(KEPT, tenant)[0]["kept"]
    assert 1000 <= kept < 6000
    assert kept % 500 == 0
    gateway = served.gateway().start()
    again = request("POST", gateway.url + path, content=HEADER.encode() + b"".join(rows), headers=headers, timeout=60)
    assert again.json() == {"created": 6000 - kept, "updated": kept, "rejected": []}
    sums = "SELECT coalesce(sum(delta), 0) FROM stock_moves WHERE variant_id = v.id"
    whole = "SELECT count(*) AS variants, count(DISTINCT sku_key) AS skus, count(DISTINCT product_id) AS products, "
    whole += f"sum(stock) AS stock, count(*) FILTER (WHERE stock <> ({sums})) AS miscounted "
    (found,) = served.sql(whole + "FROM product_variants v WHERE tenant_id = $1", tenant)
    assert tuple(found) == (6000, 6000, 2000, sum(at % 7 for at in range(6000)), 0)
