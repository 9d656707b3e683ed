-- The electronic invoice that a document carries, as it was found.
CREATE TABLE einvoices (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id),
    name        TEXT,                      -- the attachment's; null: the document is the XML
    xml         BLOB NOT NULL
) STRICT;

-- Documents taken in before were not looked into: 0.
ALTER TABLE documents ADD COLUMN xml_sought INTEGER NOT NULL DEFAULT 0 CHECK (xml_sought IN (0, 1));

ALTER TABLE records ADD COLUMN source TEXT NOT NULL DEFAULT 'model'
    CHECK (source IN ('model', 'embedded_xml'));
