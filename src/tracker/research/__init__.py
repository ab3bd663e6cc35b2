"""Figures without a meter: pure arithmetic on what was published or is planned.

* ``estimate``: energy, CO2e and cost of a run from its hardware and hours;
* ``published``: published estimates, recomputed from their own inputs;
* ``project``: compute, energy, cost and CO2e that a lower error would take.

This room knows the shipped tables and the data types; runs are handed to it.
"""
