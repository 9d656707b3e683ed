-- What a run's report tells beside its pages.

CREATE INDEX readings_run ON readings (run_id, id);
CREATE INDEX records_run ON records (run_id);

-- Memory of a run's processes over time, by role.
CREATE TABLE run_samples (
    run_id    INTEGER NOT NULL REFERENCES runs (id),
    at        INTEGER NOT NULL,
    role      TEXT    NOT NULL,            -- supervisor, rasterizer, router, reader
    processes INTEGER NOT NULL,
    resident  INTEGER NOT NULL,            -- bytes, of all processes of the role
    PRIMARY KEY (run_id, at, role)
) STRICT, WITHOUT ROWID;

-- Workers that died or were killed, and why.
CREATE TABLE worker_ends (
    id      INTEGER PRIMARY KEY,
    run_id  INTEGER NOT NULL REFERENCES runs (id),
    at      INTEGER NOT NULL,
    role    TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    message TEXT    NOT NULL
) STRICT;
CREATE INDEX worker_ends_run ON worker_ends (run_id);
