//! Document types: the built-in ones (embedded) and those of a user's folder.
