"""What a plugin implements: one file and its test add a source, a provider, a place."""
