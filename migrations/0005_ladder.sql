-- A page climbs to a stronger reader when what it brought so far is not good
-- enough. Each row is one page's climb; the run's budget is counted in them.
CREATE TABLE climbs (
    id         INTEGER PRIMARY KEY,
    page_id    INTEGER NOT NULL REFERENCES pages (id),
    run_id     INTEGER NOT NULL REFERENCES runs (id), -- who decided it
    created_at INTEGER NOT NULL,
    model_hash TEXT    NOT NULL REFERENCES models (hash), -- the reader it climbs to
    why        TEXT    NOT NULL
) STRICT;
CREATE INDEX climbs_page ON climbs (page_id);
CREATE INDEX climbs_run ON climbs (run_id);

-- The climb that the page waits for, or made last; null: the first reader's.
ALTER TABLE pages ADD COLUMN climb_id INTEGER REFERENCES climbs (id);
-- Readings up to this one are of earlier rounds: before the page was queued
-- again by a user, or for a changed prompt or model.
ALTER TABLE pages ADD COLUMN since_reading INTEGER NOT NULL DEFAULT 0;

ALTER TABLE readings ADD COLUMN climb_id INTEGER REFERENCES climbs (id);
-- What the attempt took, where its engine says so.
ALTER TABLE readings ADD COLUMN input_tokens INTEGER;
ALTER TABLE readings ADD COLUMN output_tokens INTEGER;
ALTER TABLE readings ADD COLUMN cost REAL;             -- in `currency`; null: nobody is paid
ALTER TABLE readings ADD COLUMN currency TEXT;
CREATE INDEX readings_climb ON readings (climb_id) WHERE climb_id IS NOT NULL;
