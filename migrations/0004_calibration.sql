-- What a record's values were believed with, and by which calibration.

ALTER TABLE records ADD COLUMN logprobs TEXT NOT NULL DEFAULT '[]'; -- JSON: log-probabilities by leaf
ALTER TABLE records ADD COLUMN type_probability REAL;               -- of its type; null: the user gave it
ALTER TABLE records ADD COLUMN calibrated TEXT;                     -- JSON: calibration, threshold, probabilities

-- The acceptance policy that the document's records were made by; another one
-- makes them anew from the same readings.
ALTER TABLE documents ADD COLUMN policy TEXT;
