"""What is kept: schema, writing and reading."""
