"""Everything people look at, computed from the store."""
