-- What an order is to be stands here before its card is charged, so that whoever finishes it finishes this.
CREATE TABLE orders (
  key TEXT PRIMARY KEY,
  cart TEXT NOT NULL,
  is_placed INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 1,          -- to charge a card for it; counted before they are made
  tried INTEGER NOT NULL DEFAULT (unixepoch()), -- when the last of them began
  email TEXT NOT NULL,
  currency TEXT NOT NULL,
  name TEXT NOT NULL,
  street TEXT NOT NULL,
  city TEXT NOT NULL,
  postal_code TEXT NOT NULL,
  country TEXT NOT NULL,
  shipping_units INTEGER NOT NULL,
  shipping_nanos INTEGER NOT NULL,
  total_units INTEGER NOT NULL,
  total_nanos INTEGER NOT NULL,
  tracking TEXT NOT NULL DEFAULT '',       -- of one that is placed
  transaction_id TEXT NOT NULL DEFAULT ''  -- likewise
) STRICT, WITHOUT ROWID;

CREATE TABLE order_line (
  order_key TEXT NOT NULL REFERENCES orders (key) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  product TEXT NOT NULL,
  name TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  units INTEGER NOT NULL, -- the price of one, in the currency of the order
  nanos INTEGER NOT NULL,
  PRIMARY KEY (order_key, position)
) STRICT, WITHOUT ROWID;
