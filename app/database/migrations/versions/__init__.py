"""The revisions, in order; each is plain SQL."""
