CREATE TABLE activity (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,     -- RFC 3339, UTC
  note INTEGER NOT NULL,
  change TEXT NOT NULL, -- 'added', 'edited', 'removed'
  title TEXT NOT NULL
) STRICT;
