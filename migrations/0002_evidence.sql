-- Why each value of a record may be believed: a JSON array with field, class
-- (text_layer, ocr, embedded_xml, model_only), page, box, text, and the checks
-- that confirm or contradict it.
ALTER TABLE records ADD COLUMN evidence TEXT NOT NULL DEFAULT '[]';

-- Words that an OCR engine read as a second opinion, with boxes and
-- confidences; null: it was not asked.
ALTER TABLE pages ADD COLUMN ocr TEXT;

-- What tells a business transaction from others (seller and invoice number):
-- another document with the same key may be the same payment twice.
CREATE TABLE record_keys (
    record_id INTEGER NOT NULL REFERENCES records (id),
    key       TEXT    NOT NULL,
    words     TEXT    NOT NULL,            -- for people
    PRIMARY KEY (record_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_keys_key ON record_keys (key);
