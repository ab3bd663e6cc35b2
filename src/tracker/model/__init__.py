"""The data that flows through the house: frozen, slotted, a unit in every name; no I/O."""
