CREATE TABLE cart (
  name TEXT PRIMARY KEY,
  changed INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT, WITHOUT ROWID;
CREATE INDEX cart_by_change ON cart (changed);

CREATE TABLE line (
  id INTEGER PRIMARY KEY, -- in the order in which the products came in
  cart TEXT NOT NULL REFERENCES cart (name) ON DELETE CASCADE,
  product TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  UNIQUE (cart, product)
) STRICT;
