-- mortise: compatible
-- What each entry tells of, by the event's id. Of those from before none comes again.
ALTER TABLE activity ADD COLUMN event_high INTEGER;
ALTER TABLE activity ADD COLUMN event_low INTEGER;
CREATE UNIQUE INDEX activity_event ON activity (event_high, event_low);
