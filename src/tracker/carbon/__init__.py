"""Energy becomes grams of CO2e: where, and by which figure."""
