-- Rows that others refer to are deleted (forget, a page that stays where it is):
-- SQLite looks for the referring ones, by these or by reading whole tables.
CREATE INDEX pages_reading ON pages (reading_id) WHERE reading_id IS NOT NULL;
CREATE INDEX pages_climb ON pages (climb_id) WHERE climb_id IS NOT NULL;
CREATE INDEX record_pages_reading ON record_pages (reading_id) WHERE reading_id IS NOT NULL;
CREATE INDEX records_document ON records (document_id);

-- Numbers of records are given once: those of forgotten ones may stand in
-- somebody's notes.
CREATE TABLE record_numbers (highest INTEGER NOT NULL) STRICT;
INSERT INTO record_numbers VALUES (0);
