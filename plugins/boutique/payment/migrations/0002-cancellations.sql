-- Orders that nothing is charged for any more; what was, is given back. Its charge stays, for the books.
CREATE TABLE cancellation (
  order_key TEXT PRIMARY KEY,
  cancelled TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT, WITHOUT ROWID;
