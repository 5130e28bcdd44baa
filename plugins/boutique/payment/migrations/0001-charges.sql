-- Of a card no more than what a receipt may show.
CREATE TABLE charge (
  order_key TEXT PRIMARY KEY,
  transaction_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16)))),
  currency TEXT NOT NULL,
  units INTEGER NOT NULL,
  nanos INTEGER NOT NULL,
  brand TEXT NOT NULL, -- 'Visa', 'Mastercard'
  last_four TEXT NOT NULL,
  charged TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT, WITHOUT ROWID;
