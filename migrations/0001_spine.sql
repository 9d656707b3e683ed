-- Times are Unix milliseconds (UTC); hashes are lower-case hex; JSON is UTF-8 text.

-- One row a `docmill run`.
CREATE TABLE runs (
    id            INTEGER PRIMARY KEY,
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER,                 -- null: running, or killed
    -- Tells a living process from a dead one whose number was given out again.
    pid           INTEGER NOT NULL,
    process_start INTEGER NOT NULL,        -- clock ticks since boot, /proc/<pid>/stat
    boot_id       TEXT    NOT NULL,
    version       TEXT    NOT NULL,
    settings      TEXT    NOT NULL,        -- JSON
    summary       TEXT                     -- JSON
) STRICT;

CREATE TABLE models (
    hash TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('reader', 'clip')),
    name TEXT NOT NULL
) STRICT;

CREATE TABLE prompts (
    hash     TEXT PRIMARY KEY,
    doc_type TEXT NOT NULL,
    text     TEXT NOT NULL
) STRICT;

CREATE TABLE schemas (
    hash     TEXT PRIMARY KEY,
    doc_type TEXT NOT NULL,
    schema   TEXT NOT NULL                 -- JSON
) STRICT;

-- One row for each distinct content.
CREATE TABLE documents (
    id          INTEGER PRIMARY KEY,
    blake3      TEXT    NOT NULL UNIQUE,
    bytes       INTEGER NOT NULL,
    media_type  TEXT    NOT NULL,
    pages       INTEGER NOT NULL,
    attachments TEXT    NOT NULL,          -- JSON array of names
    warnings    TEXT    NOT NULL,          -- JSON array of sentences
    added_at    INTEGER NOT NULL,
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    state       TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'recorded')),
    -- Counts how often pages were queued again: records are only stored for
    -- the revision whose results they were made from.
    revision    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX documents_open ON documents (id) WHERE state = 'open';

-- Where a content was seen; or a file that was turned away, with its reason.
CREATE TABLE sources (
    id          INTEGER PRIMARY KEY,
    path        BLOB    NOT NULL,          -- the path's exact bytes
    path_text   TEXT    NOT NULL,          -- for people; lossy if not UTF-8
    document_id INTEGER REFERENCES documents (id),
    reason      TEXT,
    message     TEXT,
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    seen_at     INTEGER NOT NULL,
    CHECK ((document_id IS NULL) = (reason IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX sources_document ON sources (document_id, path) WHERE document_id IS NOT NULL;
CREATE UNIQUE INDEX sources_rejected ON sources (path) WHERE document_id IS NULL;

-- The job is the row.
CREATE TABLE pages (
    id            INTEGER PRIMARY KEY,
    document_id   INTEGER NOT NULL REFERENCES documents (id),
    page_index    INTEGER NOT NULL,        -- from 0
    state         TEXT    NOT NULL DEFAULT 'queued'
                  CHECK (state IN ('queued', 'leased', 'done', 'failed')),
    forced_type   TEXT,                    -- given by the user, instead of CLIP's
    attempts      INTEGER NOT NULL DEFAULT 0, -- claims since it was queued
    failures      INTEGER NOT NULL DEFAULT 0, -- of these, ended by the page's own fault
    run_id        INTEGER REFERENCES runs (id), -- who claimed it last
    lease_token   TEXT,
    lease_until   INTEGER,
    finished_at   INTEGER,
    reason        TEXT,
    message       TEXT,
    key           TEXT,                    -- of the result: equal keys, equal work
    doc_type      TEXT,
    routing       TEXT,                    -- JSON: verdict, probabilities
    embedding     BLOB,                    -- f32 little endian, L2-normalised
    words         TEXT,                    -- JSON: the text layer's words and boxes
    reading_id    INTEGER REFERENCES readings (id),
    UNIQUE (document_id, page_index),
    CHECK ((state = 'leased') = (lease_token IS NOT NULL)),
    CHECK ((state = 'leased') = (lease_until IS NOT NULL)),
    CHECK (state <> 'failed' OR reason IS NOT NULL)
) STRICT;
CREATE INDEX pages_open ON pages (document_id, page_index) WHERE state IN ('queued', 'leased');

-- Every attempt at a page that ended with an answer or a failure. Never
-- changed: two versions can be compared field by field.
CREATE TABLE readings (
    id              INTEGER PRIMARY KEY,
    page_id         INTEGER NOT NULL REFERENCES pages (id),
    run_id          INTEGER NOT NULL REFERENCES runs (id),
    attempt         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    key             TEXT    NOT NULL,
    doc_type        TEXT,
    model_hash      TEXT REFERENCES models (hash),
    prompt_hash     TEXT REFERENCES prompts (hash),
    schema_hash     TEXT REFERENCES schemas (hash),
    raw_text        TEXT,
    reading         TEXT,                  -- JSON: fields, log-probabilities, tokens
    reason          TEXT,
    message         TEXT,
    stage_seconds   TEXT NOT NULL          -- JSON: seconds by stage
) STRICT;
CREATE INDEX readings_page ON readings (page_id);

CREATE TABLE records (
    id               INTEGER PRIMARY KEY,
    document_id      INTEGER NOT NULL REFERENCES documents (id),
    ordinal          INTEGER NOT NULL,     -- within its document, from 0
    current          INTEGER NOT NULL DEFAULT 1 CHECK (current IN (0, 1)),
    doc_type         TEXT,
    status           TEXT    NOT NULL CHECK (status IN ('accepted', 'needs_review', 'failed')),
    fields           TEXT    NOT NULL,     -- JSON object
    confidence       REAL CHECK (confidence BETWEEN 0 AND 1),
    field_confidence TEXT    NOT NULL,     -- JSON: [field, probability] pairs
    run_id           INTEGER NOT NULL REFERENCES runs (id),
    created_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX records_current ON records (document_id, ordinal) WHERE current = 1;

CREATE TABLE record_pages (
    record_id  INTEGER NOT NULL REFERENCES records (id),
    page_index INTEGER NOT NULL,
    reading_id INTEGER REFERENCES readings (id),
    PRIMARY KEY (record_id, page_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE findings (
    id        INTEGER PRIMARY KEY,
    record_id INTEGER NOT NULL REFERENCES records (id),
    code      TEXT NOT NULL,
    severity  TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
    field     TEXT,
    message   TEXT NOT NULL
) STRICT;
CREATE INDEX findings_record ON findings (record_id);
