-- An order that is charged and cannot be sent is refused: nobody places it any more, and its charge is cancelled. What
-- stays of it then is its key, and why.
ALTER TABLE orders ADD COLUMN refusal TEXT NOT NULL DEFAULT '';         -- why; '': it is not refused
ALTER TABLE orders ADD COLUMN is_cancelled INTEGER NOT NULL DEFAULT 0;  -- its charge, of one that is refused
