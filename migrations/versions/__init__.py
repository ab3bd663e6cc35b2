"""One file a schema; written out, and never changed once released."""
