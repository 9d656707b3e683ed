-- Times are Unix milliseconds (UTC); hashes are lower-case hex; JSON is UTF-8 text.
--
-- Everything that was made of a document refers to it with ON DELETE CASCADE:
-- deleting the document deletes all of it.

-- One row a `docmill run`.
CREATE TABLE runs (
    id            INTEGER PRIMARY KEY,
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER,                 -- null: running, or killed
    outcome       TEXT CHECK (outcome IN ('completed', 'interrupted')),
    -- Identifies the process: its number may be given to another later.
    pid           INTEGER NOT NULL,
    process_start INTEGER NOT NULL,        -- clock ticks since boot, /proc/<pid>/stat
    boot_id       TEXT    NOT NULL,
    version       TEXT    NOT NULL,
    settings      TEXT    NOT NULL,        -- JSON
    summary       TEXT,                    -- JSON
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
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
    id              INTEGER PRIMARY KEY,
    blake3          TEXT    NOT NULL UNIQUE,
    bytes           INTEGER NOT NULL,
    media_type      TEXT    NOT NULL,
    pages           INTEGER NOT NULL,
    attachments     TEXT    NOT NULL,      -- JSON array of names
    warnings        TEXT    NOT NULL,      -- JSON array of sentences
    added_at        INTEGER NOT NULL,
    run_id          INTEGER NOT NULL REFERENCES runs (id),
    state           TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'recorded')),
    -- Counts how often pages were queued again: records are only stored for
    -- the revision whose results they were made from.
    revision        INTEGER NOT NULL DEFAULT 0,
    -- Key of the acceptance policy that the records were made with; another
    -- policy makes them anew from the same readings.
    policy          TEXT
) STRICT;
CREATE INDEX documents_open ON documents (id) WHERE state = 'open';

-- Where a content was seen; or a file that was rejected, with the reason.
CREATE TABLE sources (
    id          INTEGER PRIMARY KEY,
    path        BLOB    NOT NULL,          -- the path's exact bytes
    path_text   TEXT    NOT NULL,          -- for people; lossy if not UTF-8
    document_id INTEGER REFERENCES documents (id) ON DELETE CASCADE,
    reason      TEXT,
    message     TEXT,
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    seen_at     INTEGER NOT NULL,
    CHECK ((document_id IS NULL) = (reason IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX sources_document ON sources (document_id, path) WHERE document_id IS NOT NULL;
CREATE UNIQUE INDEX sources_rejected ON sources (path) WHERE document_id IS NULL;
-- What else a path has held is asked whenever a file is seen.
CREATE INDEX sources_path ON sources (path);

-- The first files that each run rejected, for its report: `sources` has the last rejection of a path alone.
CREATE TABLE run_rejections (
    run_id  INTEGER NOT NULL REFERENCES runs (id),
    path    BLOB    NOT NULL,              -- the path's exact bytes
    reason  TEXT    NOT NULL,
    message TEXT    NOT NULL,
    PRIMARY KEY (run_id, path)
) STRICT, WITHOUT ROWID;

-- The electronic invoices that a document carries, as they were found: one, or
-- one for each document inside a portfolio.
CREATE TABLE einvoices (
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    part        INTEGER NOT NULL,          -- as of pages
    name        TEXT,                      -- the attachment's; null: the document, or the part, is the XML
    xml         BLOB NOT NULL,
    PRIMARY KEY (document_id, part)
) STRICT;

-- The job is the row.
CREATE TABLE pages (
    id            INTEGER PRIMARY KEY,
    document_id   INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    page_index    INTEGER NOT NULL,        -- from 0
    part          INTEGER NOT NULL,        -- the document inside a portfolio, from 0; else 0
    state         TEXT    NOT NULL DEFAULT 'queued'
                  CHECK (state IN ('queued', 'leased', 'done', 'failed')),
    forced_type   TEXT,                    -- given by the user, instead of CLIP's
    attempts      INTEGER NOT NULL DEFAULT 0, -- claims since it was queued
    failures      INTEGER NOT NULL DEFAULT 0, -- of these, failures of the page itself
    run_id        INTEGER REFERENCES runs (id), -- who claimed it last
    lease_token   TEXT,
    lease_until   INTEGER,                 -- milliseconds since boot: a wall clock may be set
    finished_at   INTEGER,
    reason        TEXT,
    message       TEXT,
    key           TEXT,                    -- of the result: equal keys, equal work
    doc_type      TEXT,
    routing       TEXT,                    -- JSON: doc_type, probabilities
    reading_id    INTEGER REFERENCES readings (id),
    -- The escalation that the page waits for, or had last; null: it is or was
    -- the first reader's.
    escalation_id INTEGER REFERENCES escalations (id),
    -- Readings up to this one are of earlier rounds: before the page was queued
    -- again by a user, or for a changed prompt or model.
    since_reading INTEGER NOT NULL DEFAULT 0,
    UNIQUE (document_id, page_index),
    CHECK ((state = 'leased') = (lease_token IS NOT NULL)),
    CHECK ((state = 'leased') = (lease_until IS NOT NULL)),
    CHECK (state <> 'failed' OR reason IS NOT NULL)
) STRICT;
CREATE INDEX pages_open ON pages (document_id, page_index) WHERE state IN ('queued', 'leased');
-- For deletion: SQLite looks for the rows that refer to a deleted one.
CREATE INDEX pages_reading ON pages (reading_id) WHERE reading_id IS NOT NULL;
CREATE INDEX pages_escalation ON pages (escalation_id) WHERE escalation_id IS NOT NULL;

-- The words of a page by where they come from.
CREATE TABLE page_text (
    page_id  INTEGER NOT NULL REFERENCES pages (id) ON DELETE CASCADE,
    source   TEXT    NOT NULL CHECK (source IN ('text_layer', 'ocr', 'mixed')),
    engine   TEXT,                         -- that read them; null: none, they are the text layer's
    rotation INTEGER NOT NULL DEFAULT 0 CHECK (rotation IN (0, 90, 180, 270)), -- clockwise degrees that make the page upright
    words    TEXT    NOT NULL,             -- JSON: text, box, confidence
    PRIMARY KEY (page_id, source)
) STRICT;

-- What a page looks like, for finding other captures of it.
CREATE TABLE page_looks (
    page_id INTEGER PRIMARY KEY REFERENCES pages (id) ON DELETE CASCADE,
    width   INTEGER NOT NULL,              -- pixels of the upright page as it was drawn
    height  INTEGER NOT NULL,
    pixels  TEXT    NOT NULL,              -- BLAKE3 of its size and RGB pixels
    hashes  BLOB    NOT NULL               -- perceptual hashes of 32 bytes: upright, turned by 90, 180, 270 degrees
) STRICT;

-- What was measured of a page before the first reader read it.
CREATE TABLE page_quality (
    page_id  INTEGER PRIMARY KEY REFERENCES pages (id) ON DELETE CASCADE,
    measures TEXT    NOT NULL              -- JSON: size, ink, blur, text height, skew and so on
) STRICT;

-- Pairs that a person said are not one document; the smaller id first.
CREATE TABLE not_duplicates (
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    other_id    INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    decided_at  INTEGER NOT NULL,
    PRIMARY KEY (document_id, other_id),
    CHECK (document_id < other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX not_duplicates_other ON not_duplicates (other_id);

-- Answers to questions that were asked of many records. A record is known by its
-- document and first page: its id changes when it is made again.
CREATE TABLE answers (
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    first_page  INTEGER NOT NULL,          -- from 0
    name        TEXT    NOT NULL,          -- of the column in exports
    question    TEXT    NOT NULL,
    model       TEXT    NOT NULL,          -- hash of the reader
    answer      TEXT    NOT NULL,          -- JSON: a text, number, truth value, or null
    page_index  INTEGER NOT NULL,          -- that was answered from, from 0
    place       TEXT,                      -- JSON: left, top, right, bottom as shares of the page
    probability REAL,                      -- the reader's own, 0 to 1
    asked_at    INTEGER NOT NULL,          -- Unix milliseconds
    PRIMARY KEY (document_id, first_page, name)
) STRICT, WITHOUT ROWID;

-- What CLIP makes of a page.
CREATE TABLE page_embeddings (
    page_id INTEGER PRIMARY KEY REFERENCES pages (id) ON DELETE CASCADE,
    model   TEXT    NOT NULL,              -- hash of the CLIP: others' vectors cannot be compared
    vector  BLOB    NOT NULL               -- f16 little endian, L2-normalised
) STRICT;

-- The layout of the first page of each record; derived from words and embeddings.
CREATE TABLE page_layouts (
    page_id  INTEGER PRIMARY KEY REFERENCES pages (id) ON DELETE CASCADE,
    layout   INTEGER NOT NULL,             -- id of the oldest page with it
    doc_type TEXT    NOT NULL              -- of the record: layouts are of one type
) STRICT;
CREATE INDEX page_layouts_layout ON page_layouts (layout);

-- What new pages are compared with: the words that the oldest pages of a layout have
-- in common. Derived from these pages, and gone with the first of them.
CREATE TABLE layout_templates (
    layout   INTEGER PRIMARY KEY,
    doc_type TEXT    NOT NULL,
    pages    INTEGER NOT NULL,             -- that it was made of
    words    BLOB    NOT NULL              -- hashes, numbers of pages and places
) STRICT;
CREATE INDEX layout_templates_type ON layout_templates (doc_type);
CREATE TRIGGER page_layouts_deleted AFTER DELETE ON page_layouts
BEGIN
    DELETE FROM layout_templates WHERE layout = old.layout;
END;
CREATE TRIGGER page_layouts_renamed AFTER UPDATE OF layout ON page_layouts
BEGIN
    DELETE FROM layout_templates WHERE layout = old.layout;
END;

-- What a page is found by.
CREATE TABLE page_search (
    page_id INTEGER PRIMARY KEY REFERENCES pages (id) ON DELETE CASCADE,
    names   TEXT    NOT NULL,              -- file names of its document
    fields  TEXT    NOT NULL,              -- values of the record that begins on it
    body    TEXT    NOT NULL,              -- its words, by lines
    numbers TEXT    NOT NULL               -- numbers and dates in one form: n1234d5 d20240314
) STRICT;
CREATE VIRTUAL TABLE page_words USING fts5 (
    names, fields, body, numbers,
    content = 'page_search', content_rowid = 'page_id', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO page_words (page_words, rank) VALUES ('rank', 'bm25(2.0, 4.0, 1.0, 3.0)');
-- Deleted words leave no trace in the index.
INSERT INTO page_words (page_words, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER page_search_added AFTER INSERT ON page_search BEGIN
    INSERT INTO page_words (rowid, names, fields, body, numbers)
    VALUES (new.page_id, new.names, new.fields, new.body, new.numbers);
END;
CREATE TRIGGER page_search_removed AFTER DELETE ON page_search BEGIN
    INSERT INTO page_words (page_words, rowid, names, fields, body, numbers)
    VALUES ('delete', old.page_id, old.names, old.fields, old.body, old.numbers);
END;
CREATE TRIGGER page_search_changed AFTER UPDATE ON page_search BEGIN
    INSERT INTO page_words (page_words, rowid, names, fields, body, numbers)
    VALUES ('delete', old.page_id, old.names, old.fields, old.body, old.numbers);
    INSERT INTO page_words (rowid, names, fields, body, numbers)
    VALUES (new.page_id, new.names, new.fields, new.body, new.numbers);
END;

-- Every distinct word of page_search, by its trigrams: for words that OCR
-- damaged and for parts of words.
CREATE TABLE vocabulary (
    id   INTEGER PRIMARY KEY,
    word TEXT    NOT NULL UNIQUE
) STRICT;
CREATE VIRTUAL TABLE vocabulary_trigrams USING fts5 (
    word, content = 'vocabulary', content_rowid = 'id', tokenize = 'trigram'
);
INSERT INTO vocabulary_trigrams (vocabulary_trigrams, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER vocabulary_added AFTER INSERT ON vocabulary BEGIN
    INSERT INTO vocabulary_trigrams (rowid, word) VALUES (new.id, new.word);
END;
CREATE TRIGGER vocabulary_removed AFTER DELETE ON vocabulary BEGIN
    INSERT INTO vocabulary_trigrams (vocabulary_trigrams, rowid, word) VALUES ('delete', old.id, old.word);
END;
CREATE VIRTUAL TABLE page_terms USING fts5vocab ('page_words', 'row');

-- One row for each page that is read again by a stronger reader.
CREATE TABLE escalations (
    id         INTEGER PRIMARY KEY,
    page_id    INTEGER NOT NULL REFERENCES pages (id) ON DELETE CASCADE,
    run_id     INTEGER NOT NULL REFERENCES runs (id), -- that decided it
    created_at INTEGER NOT NULL,
    model_hash TEXT    NOT NULL REFERENCES models (hash), -- the stronger reader
    code       TEXT    NOT NULL,           -- of the finding that caused it
    message    TEXT    NOT NULL
) STRICT;
CREATE INDEX escalations_page ON escalations (page_id);
CREATE INDEX escalations_run ON escalations (run_id);

-- Every attempt at a page that ended with an answer or a failure. Never
-- changed: two versions can be compared field by field.
CREATE TABLE readings (
    id                INTEGER PRIMARY KEY,
    page_id           INTEGER NOT NULL REFERENCES pages (id) ON DELETE CASCADE,
    run_id            INTEGER NOT NULL REFERENCES runs (id),
    escalation_id     INTEGER REFERENCES escalations (id), -- null: by the first reader
    attempt           INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    key               TEXT    NOT NULL,
    doc_type          TEXT,
    model_hash        TEXT REFERENCES models (hash),
    prompt_hash       TEXT REFERENCES prompts (hash),
    schema_hash       TEXT REFERENCES schemas (hash),
    raw_text          TEXT,
    reading           TEXT,                -- JSON: fields, log-probabilities, tokens
    reason            TEXT,
    message           TEXT,
    -- Null: the stage was not entered.
    rasterize_seconds REAL,
    route_seconds     REAL,
    ocr_seconds       REAL,
    read_seconds      REAL,                -- waiting for a free reader included
    prefill_seconds   REAL,                -- of these: image and prompt
    decode_seconds    REAL,                -- of these: the answer
    -- What the attempt took, where its engine reports it.
    input_tokens      INTEGER,
    output_tokens     INTEGER,
    cost              REAL,                -- in `currency`; null: free
    currency          TEXT
) STRICT;
CREATE INDEX readings_page ON readings (page_id);
CREATE INDEX readings_run ON readings (run_id, id);
CREATE INDEX readings_escalation ON readings (escalation_id) WHERE escalation_id IS NOT NULL;

-- AUTOINCREMENT: numbers of deleted records are not given again, since they
-- may stand in somebody's notes.
CREATE TABLE records (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id      INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal          INTEGER NOT NULL,     -- within its document, from 0
    current          INTEGER NOT NULL DEFAULT 1 CHECK (current IN (0, 1)),
    doc_type         TEXT,
    type_probability REAL,                 -- of its type; null: the user gave it
    status           TEXT    NOT NULL
                     CHECK (status IN ('accepted', 'needs_review', 'needs_second_approval', 'failed',
                                       'rejected', 'not_a_bill')),
    source           TEXT    NOT NULL CHECK (source IN ('model', 'embedded_xml')),
    fields           TEXT    NOT NULL,     -- JSON object
    confidence       REAL CHECK (confidence BETWEEN 0 AND 1),
    field_confidence TEXT    NOT NULL,     -- JSON: [field, probability] pairs
    logprobs         TEXT    NOT NULL,     -- JSON: log-probabilities by leaf
    calibrated       TEXT,                 -- JSON: calibration, threshold, probabilities
    -- JSON: for each value its field, class (text_layer, ocr, embedded_xml,
    -- model_only), page, box, text, and the checks that confirm or contradict it.
    evidence         TEXT    NOT NULL,
    run_id           INTEGER NOT NULL REFERENCES runs (id),
    created_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX records_current ON records (document_id, ordinal) WHERE current = 1;
CREATE INDEX records_document ON records (document_id);
CREATE INDEX records_run ON records (run_id);
CREATE INDEX records_in_review ON records (id)
    WHERE current = 1 AND status IN ('needs_review', 'needs_second_approval');
CREATE TRIGGER records_need_their_second_approval BEFORE UPDATE OF status ON records
WHEN old.status = 'needs_second_approval' AND new.status = 'accepted'
BEGIN
    SELECT RAISE(ABORT, 'a second person must approve this record');
END;

-- The values by which records of all types are filtered and compared.
CREATE TABLE record_facts (
    record_id   INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    party       TEXT,                      -- seller, merchant or other party, folded
    day         TEXT,                      -- ISO 8601
    total_units INTEGER,                   -- the total in ten-thousandths of its currency
    currency    TEXT,
    number      TEXT,                      -- of the invoice, or a payment's reference; folded
    vat_id      TEXT,                      -- of the seller: letters and digits, upper case
    iban        TEXT                       -- the same
) STRICT;
CREATE INDEX record_facts_transaction ON record_facts (day, total_units);
CREATE INDEX record_facts_party ON record_facts (party);
CREATE INDEX record_facts_vat_id ON record_facts (vat_id) WHERE vat_id IS NOT NULL;
CREATE INDEX record_facts_iban ON record_facts (iban) WHERE iban IS NOT NULL;

-- Approved bills of which no supplier card is made any more (`docmill suppliers forget`).
CREATE TABLE forgotten_bills (
    record_id    INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    forgotten_at INTEGER NOT NULL,
    forgotten_by TEXT    NOT NULL          -- user name of the system
) STRICT;

CREATE TABLE record_pages (
    record_id  INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    page_index INTEGER NOT NULL,
    reading_id INTEGER REFERENCES readings (id),
    PRIMARY KEY (record_id, page_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_pages_reading ON record_pages (reading_id) WHERE reading_id IS NOT NULL;

-- What identifies a business transaction (seller and invoice number): another
-- document with the same key may be the same payment twice.
CREATE TABLE record_keys (
    record_id INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    key       TEXT    NOT NULL,
    words     TEXT    NOT NULL,            -- for people
    PRIMARY KEY (record_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_keys_key ON record_keys (key);

CREATE TABLE findings (
    id        INTEGER PRIMARY KEY,
    record_id INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    code      TEXT NOT NULL,
    severity  TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
    field     TEXT,
    message   TEXT NOT NULL
) STRICT;
CREATE INDEX findings_record ON findings (record_id);

-- What people changed in records, and decided about them. Rows are never updated,
-- and go with their document alone.
CREATE TABLE record_changes (
    id             INTEGER PRIMARY KEY,
    document_id    INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    record_id      INTEGER NOT NULL,       -- before the change
    made_record_id INTEGER NOT NULL,       -- that took its place, or the same
    changed_at     INTEGER NOT NULL,
    changed_by     TEXT    NOT NULL,       -- user name of the system
    field          TEXT,                   -- null: a decision about the whole record
    before         TEXT,                   -- JSON
    after          TEXT,                   -- JSON
    decision       TEXT CHECK (decision IN ('approved', 'second_approval', 'rejected', 'not_a_bill',
                                            'postponed', 'reopened')),
    until          TEXT,                   -- the day on which a postponed record comes back, ISO 8601
    reason         TEXT    NOT NULL CHECK (trim(reason) <> ''),
    CHECK ((field IS NULL) = (before IS NULL)),
    CHECK ((field IS NULL) = (after IS NULL)),
    CHECK ((field IS NULL) = (decision IS NOT NULL)),
    CHECK ((until IS NOT NULL) = (decision IS 'postponed'))
) STRICT;
CREATE INDEX record_changes_document ON record_changes (document_id);
CREATE INDEX record_changes_made ON record_changes (made_record_id);
CREATE TRIGGER record_changes_are_final BEFORE UPDATE ON record_changes
BEGIN
    SELECT RAISE(ABORT, 'the history of corrections is never changed');
END;
CREATE TRIGGER second_approvals_are_by_another_person BEFORE INSERT ON record_changes
WHEN new.decision = 'second_approval' AND NOT EXISTS
    (SELECT 1 FROM record_changes first WHERE first.made_record_id = new.record_id
        AND first.decision = 'approved' AND first.changed_by <> new.changed_by)
BEGIN
    SELECT RAISE(ABORT, 'the second approval must be by another person than the first');
END;

-- Accepted records that a review page shows with one altered value, to see whether people
-- notice. The record itself keeps its own value.
CREATE TABLE seeded_errors (
    record_id  INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    field      TEXT,                       -- null: the record has no value that can be altered
    shown      TEXT,                       -- JSON: the altered value
    seeded_at  INTEGER NOT NULL,
    decided_at INTEGER,                    -- null: nobody has decided about the record
    decided_by TEXT,
    is_found   INTEGER CHECK (is_found IN (0, 1)), -- null: the decision does not say
    CHECK ((field IS NULL) = (shown IS NULL)),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL))
) STRICT;
CREATE TRIGGER seeded_errors_stay_out_of_records BEFORE INSERT ON record_changes
WHEN EXISTS (SELECT 1 FROM seeded_errors
    WHERE record_id = new.record_id AND field = new.field AND shown = new.after)
BEGIN
    SELECT RAISE(ABORT, 'the value is a seeded error, not the record''s');
END;

-- Who has a record open on a review page: nobody else changes it until then.
CREATE TABLE review_locks (
    record_id INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    session   TEXT    NOT NULL,            -- of the page that holds it
    held_by   TEXT    NOT NULL,            -- user name of the system
    until     INTEGER NOT NULL             -- milliseconds since boot, as of leases
) STRICT;

-- Tokens by which programs use the API. A revoked name is not given again: it stands in
-- the history of corrections.
CREATE TABLE api_tokens (
    name       TEXT PRIMARY KEY,
    hash       TEXT    NOT NULL UNIQUE,    -- BLAKE3 of the token, which is not stored
    roles      TEXT    NOT NULL,           -- JSON array: read, upload, review, export
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,           -- user name of the system
    revoked_at INTEGER                     -- null: it is valid
) STRICT;

-- People who sign in to the review page.
CREATE TABLE users (
    name       TEXT PRIMARY KEY,
    hash       TEXT    NOT NULL UNIQUE,    -- BLAKE3 of the token, which is not stored
    role       TEXT    NOT NULL CHECK (role IN ('viewer', 'reviewer', 'approver', 'admin')),
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL            -- user name of the system
) STRICT;

-- Receivers of webhooks. An event is a record that gets one of their statuses.
CREATE TABLE webhooks (
    id         INTEGER PRIMARY KEY,
    url        TEXT    NOT NULL UNIQUE,
    secret     TEXT    NOT NULL,           -- of which the signing key is made
    statuses   TEXT    NOT NULL,           -- JSON array of statuses of records
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL            -- user name of the system
) STRICT;

-- Events that are not delivered yet. Only the triggers add rows, so that no change of a
-- record is missed; delivered rows are deleted.
CREATE TABLE webhook_events (
    id         INTEGER PRIMARY KEY,
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    record_id  INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    status     TEXT    NOT NULL,           -- that the record got
    name       TEXT    NOT NULL DEFAULT ('evt_' || lower(hex(randomblob(16)))),
    at         INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER)),
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER DEFAULT 0,          -- of the next attempt; null: it is given up
    tried_at   INTEGER,                    -- of the last attempt
    problem    TEXT                        -- why it failed
) STRICT;
CREATE INDEX webhook_events_next ON webhook_events (webhook_id, next_at);
CREATE INDEX webhook_events_record ON webhook_events (record_id);
CREATE TRIGGER records_made_are_events AFTER INSERT ON records WHEN new.current = 1
BEGIN
    INSERT INTO webhook_events (webhook_id, record_id, status)
    SELECT w.id, new.id, new.status FROM webhooks w
    WHERE EXISTS (SELECT 1 FROM json_each(w.statuses) WHERE value = new.status);
END;
CREATE TRIGGER records_changed_are_events AFTER UPDATE OF status ON records
WHEN new.current = 1 AND new.status <> old.status
BEGIN
    INSERT INTO webhook_events (webhook_id, record_id, status)
    SELECT w.id, new.id, new.status FROM webhooks w
    WHERE EXISTS (SELECT 1 FROM json_each(w.statuses) WHERE value = new.status);
END;

-- Memory of a run's processes over time, by role.
CREATE TABLE run_memory (
    run_id    INTEGER NOT NULL REFERENCES runs (id),
    at        INTEGER NOT NULL,
    role      TEXT    NOT NULL,            -- supervisor, rasterizer, router, reader
    processes INTEGER NOT NULL,
    resident  INTEGER NOT NULL,            -- bytes, of all processes of the role
    PRIMARY KEY (run_id, at, role)
) STRICT, WITHOUT ROWID;

-- Workers that died or were killed, and healthy ones that were recycled.
CREATE TABLE worker_ends (
    id      INTEGER PRIMARY KEY,
    run_id  INTEGER NOT NULL REFERENCES runs (id),
    at      INTEGER NOT NULL,
    role    TEXT    NOT NULL,
    kind    TEXT    NOT NULL CHECK (kind IN ('died', 'recycled')),
    reason  TEXT    NOT NULL,
    message TEXT                           -- null: it was recycled
) STRICT;
CREATE INDEX worker_ends_run ON worker_ends (run_id);

-- The export ledger: what was exported for accounting programs. It names
-- documents by their content, so that it outlives records that are made again
-- and documents that are forgotten: the same bill is not exported twice.

-- One row for each `docmill export --target` that had documents to export.
CREATE TABLE export_batches (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    target     TEXT    NOT NULL,           -- accounting program or format
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,           -- user name of the system
    folder     BLOB    NOT NULL,           -- where its files go: the exact bytes of an absolute path
    written_at INTEGER                     -- null: the files may not lie in the folder yet
) STRICT;

CREATE TABLE export_files (
    batch_id INTEGER NOT NULL REFERENCES export_batches (id),
    name     TEXT    NOT NULL,
    sha256   TEXT    NOT NULL,
    bytes    BLOB,                         -- null: a document in it was forgotten
    PRIMARY KEY (batch_id, name)
) STRICT;

-- Source files that lie beside the files of a batch. Their bytes stay where they
-- were seen.
CREATE TABLE export_documents (
    batch_id INTEGER NOT NULL REFERENCES export_batches (id),
    name     TEXT    NOT NULL,             -- below the batch's folder
    blake3   TEXT    NOT NULL,             -- of the document
    sha256   TEXT    NOT NULL,
    PRIMARY KEY (batch_id, name)
) STRICT;

CREATE TABLE export_reversals (
    id          INTEGER PRIMARY KEY,
    batch_id    INTEGER NOT NULL REFERENCES export_batches (id),
    reversed_at INTEGER NOT NULL,
    reversed_by TEXT    NOT NULL,
    reason      TEXT    NOT NULL CHECK (trim(reason) <> '')
) STRICT;

-- One row for each bill of a batch.
CREATE TABLE export_lines (
    id          INTEGER PRIMARY KEY,
    batch_id    INTEGER NOT NULL REFERENCES export_batches (id),
    record_id   INTEGER NOT NULL,          -- at that time: it may be replaced since
    blake3      TEXT    NOT NULL,          -- of the document
    payment     TEXT,                      -- JSON: what distinguishes it from other payments; null: forgotten
    reversal_id INTEGER REFERENCES export_reversals (id)
) STRICT;
CREATE INDEX export_lines_batch ON export_lines (batch_id);
CREATE INDEX export_lines_blake3 ON export_lines (blake3);

-- Pages that a line stands for. Another reading may cut a document into other
-- records, but a page is exported once for each target.
CREATE TABLE export_pages (
    line_id    INTEGER NOT NULL REFERENCES export_lines (id),
    target     TEXT    NOT NULL,
    blake3     TEXT    NOT NULL,
    page_index INTEGER NOT NULL,
    live       INTEGER NOT NULL DEFAULT 1 CHECK (live IN (0, 1)), -- 0: reversed
    PRIMARY KEY (line_id, page_index)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX export_pages_once ON export_pages (target, blake3, page_index) WHERE live = 1;

-- Pairs of records that a person found to be two payments, named by document
-- and first page; `first` sorts before `second`.
CREATE TABLE export_distinct (
    first      TEXT    NOT NULL,
    second     TEXT    NOT NULL,
    decided_at INTEGER NOT NULL,
    decided_by TEXT    NOT NULL,
    reason     TEXT    NOT NULL CHECK (trim(reason) <> ''),
    PRIMARY KEY (first, second)
) STRICT, WITHOUT ROWID;
