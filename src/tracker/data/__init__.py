"""Tables that are shipped, each with source, licence and edition."""
