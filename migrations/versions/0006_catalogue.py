"""Products with their variants, every movement of stock, the words a catalogue is searched by, and customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NOW = sa.func.now()
APP, WORKER = "ai_platform_app", "ai_platform_worker"
LARGEST = 10**12

# Full-text operators are not leak-proof: under row-level security they would look at every row of a tenant.
# The function runs as the tables' owner; it takes no tenant, and serves the one that the transaction is for.
SEARCH = """
CREATE FUNCTION search_products(
    wanted text, most integer, in_category text, from_price bigint, to_price bigint, stocked boolean, active boolean
)
RETURNS TABLE (product_id uuid, name_words text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT products.id, products.searched_name
    FROM public.products
    WHERE products.search @@ wanted::tsquery
      AND products.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
      AND products.is_active = active
      AND (in_category IS NULL OR products.category = in_category)
      AND (
          from_price IS NULL AND to_price IS NULL AND stocked IS NULL OR EXISTS (
              SELECT FROM public.product_variants AS offered
              WHERE offered.product_id = products.id AND offered.is_active
                AND (from_price IS NULL OR offered.price >= from_price)
                AND (to_price IS NULL OR offered.price <= to_price)
                AND (stocked IS NULL OR (offered.stock > offered.reserved) = stocked)
          )
      )
    LIMIT most
$$
"""
SEARCH_ARGUMENTS = "text, integer, text, bigint, bigint, boolean, boolean"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_products()
    create_product_variants()
    create_stock_moves()
    create_product_words()
    create_search()
    create_customers()
    create_customer_aliases()
    create_customer_words()


def create_products() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("products"),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("category", sa.String(100)),
        sa.Column("base_price", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("images", JSONB, nullable=False, server_default="[]"),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default="true"),
        # what the application made of the texts, to be found by: see the domain's spelling
        sa.Column("searched_name", sa.Text, nullable=False, server_default=""),
        sa.Column("search", TSVECTOR, nullable=False, server_default=""),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.CheckConstraint(f"base_price BETWEEN 0 AND {LARGEST}", name=op.f("ck_products_base_price")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_products_currency")),
        sa.CheckConstraint("jsonb_typeof(images) = 'array'", name=op.f("ck_products_images")),
    )
    op.create_index("ix_products_tenant", "products", ["tenant_id", "id"])
    op.create_index("ix_products_category", "products", ["tenant_id", "category", "id"])
    op.create_index("ix_products_name", "products", ["tenant_id", "name", "id"])
    op.create_index(
        "ix_products_search", "products", ["search"], postgresql_using="gin",
        # kB: what an import leaves to be sorted in is looked through by every search
        postgresql_with={"gin_pending_list_limit": 512},
    )  # fmt: skip
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON products TO {APP}, {WORKER}")
    secure("products")


def create_product_variants() -> None:
    op.create_table(
        "product_variants",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("product_variants"),
        reference("product_variants", "product_id", "products"),
        sa.Column("sku", sa.String(100), nullable=False),
        # compared without case; a column, because lower() is not leak-proof and would cost the index
        sa.Column("sku_key", sa.Text(collation="C"), sa.Computed("lower(sku)", persisted=True), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("stock", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reserved", sa.Integer, nullable=False, server_default="0"),
        sa.Column("attributes", JSONB, nullable=False, server_default="{}"),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("position", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.UniqueConstraint("tenant_id", "sku_key", name="uq_product_variants_tenant_id_sku_key"),
        sa.CheckConstraint(f"price BETWEEN 0 AND {LARGEST}", name=op.f("ck_product_variants_price")),
        sa.CheckConstraint("0 <= reserved AND reserved <= stock", name=op.f("ck_product_variants_stock")),
        sa.CheckConstraint("jsonb_typeof(attributes) = 'object'", name=op.f("ck_product_variants_attributes")),
    )
    op.create_index("ix_product_variants_product", "product_variants", ["product_id", "position", "id"])
    # room in each page, so that a sale, which changes no indexed column, leaves the indexes alone
    op.execute("ALTER TABLE product_variants SET (fillfactor = 80)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON product_variants TO {APP}, {WORKER}")
    secure("product_variants")


def create_stock_moves() -> None:
    op.create_table(
        "stock_moves",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("stock_moves"),
        reference("stock_moves", "variant_id", "product_variants"),
        sa.Column("delta", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False, server_default=""),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("order_id", sa.Uuid()),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.CheckConstraint(
            "kind IN ('initial', 'adjusted', 'imported', 'sold', 'returned')", name=op.f("ck_stock_moves_kind")
        ),
        sa.CheckConstraint(
            "(kind IN ('sold', 'returned')) = (order_id IS NOT NULL)", name=op.f("ck_stock_moves_order")
        ),
    )
    op.create_index("ix_stock_moves_variant", "stock_moves", ["variant_id", "id"])
    # an order's goods leave the shelf once, and come back at most once
    op.create_index(
        "uq_stock_moves_order", "stock_moves", ["order_id", "variant_id", "kind"], unique=True,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )  # fmt: skip
    # nobody changes or deletes a move
    op.execute(f"GRANT SELECT, INSERT ON stock_moves TO {APP}, {WORKER}")
    secure("stock_moves")


def create_product_words() -> None:
    """The words of a tenant's catalogue, each under every key that a misspelling of it may have."""
    op.create_table(
        "product_words",
        tenant_id("product_words", primary_key=True),
        sa.Column("key", sa.Text(collation="C"), primary_key=True),
        sa.Column("word", sa.Text(collation="C"), primary_key=True),
    )
    op.execute(f"GRANT SELECT, INSERT, DELETE ON product_words TO {APP}, {WORKER}")
    secure("product_words")


def create_search() -> None:
    op.execute(SEARCH)
    op.execute(f"REVOKE ALL ON FUNCTION search_products({SEARCH_ARGUMENTS}) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION search_products({SEARCH_ARGUMENTS}) TO {APP}")


def create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("customers"),
        # null: known by a WhatsApp id alone, or erased
        sa.Column("phone_number", sa.Text),
        sa.Column("wa_chat_id", sa.Text),
        sa.Column("name", sa.String(255)),
        sa.Column("email", sa.String(254)),
        sa.Column("address", JSONB),
        sa.Column("tags", JSONB, nullable=False, server_default="[]"),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.CheckConstraint(r"phone_number ~ '^\+[1-9][0-9]{6,14}$'", name=op.f("ck_customers_phone_number")),
        sa.CheckConstraint("jsonb_typeof(tags) = 'array'", name=op.f("ck_customers_tags")),
    )
    op.create_index("ix_customers_tenant", "customers", ["tenant_id", "id"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON customers TO {APP}, {WORKER}")
    secure("customers")


def create_customer_aliases() -> None:
    """Everything a customer is known by: a phone number, WhatsApp's chat id, WhatsApp's hidden id."""
    op.create_table(
        "customer_aliases",
        tenant_id("customer_aliases", primary_key=True),
        sa.Column("alias", sa.Text(collation="C"), primary_key=True),
        reference("customer_aliases", "customer_id", "customers"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
    )
    op.create_index("ix_customer_aliases_customer", "customer_aliases", ["customer_id"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON customer_aliases TO {APP}, {WORKER}")
    secure("customer_aliases")


def create_customer_words() -> None:
    """What a customer is looked up by: the beginnings of names, e-mail addresses and numbers."""
    op.create_table(
        "customer_words",
        tenant_id("customer_words", primary_key=True),
        sa.Column("word", sa.Text(collation="C"), primary_key=True),
        reference("customer_words", "customer_id", "customers", primary_key=True),
    )
    op.create_index("ix_customer_words_customer", "customer_words", ["customer_id"])
    op.execute(f"GRANT SELECT, INSERT, DELETE ON customer_words TO {APP}, {WORKER}")
    secure("customer_words")


def tenant_id(table: str, *, primary_key: bool = False) -> sa.Column[object]:
    return reference(table, "tenant_id", "tenants", primary_key=primary_key)


def reference(table: str, column: str, other: str, *, primary_key: bool = False) -> sa.Column[object]:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}")
    return sa.Column(column, sa.Uuid(), key, primary_key=primary_key, nullable=False)


def secure(table: str) -> None:
    """One tenant's rows for the app role, all for the worker role."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    own = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"
    op.execute(f"CREATE POLICY tenant_rows ON {table} TO {APP} USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY all_rows ON {table} TO {WORKER} USING (true) WITH CHECK (true)")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION search_products({SEARCH_ARGUMENTS})")
    for table in (
        "customer_words", "customer_aliases", "customers", "product_words", "stock_moves", "product_variants",
        "products",
    ):  # fmt: skip
        op.drop_table(table)
