-- What else a path has held is asked whenever a file is seen.
CREATE INDEX sources_path ON sources (path);
