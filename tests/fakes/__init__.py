"""Doubles of what lies below the program: hardware, drivers, kernel files."""
