-- mortise: compatible
-- Once an order is charged it is sent to the address that it has then: nobody corrects that any more.
ALTER TABLE orders ADD COLUMN is_charged INTEGER NOT NULL DEFAULT 0;
