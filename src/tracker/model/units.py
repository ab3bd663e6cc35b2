"""Every conversion between units, and nothing else.

Inside the program energy is joules and mass is grams; a plugin converts at its edge.
"""

from __future__ import annotations

from typing import Final

J_PER_KWH: Final = 3.6e6
G_PER_LB: Final = 453.59237
NS_PER_S: Final = 1_000_000_000


def kwh_from_j(energy_j: float) -> float:
    """Kilowatt-hours in ``energy_j`` joules."""
    return energy_j / J_PER_KWH


def wh_from_j(energy_j: float) -> float:
    """Watt-hours in ``energy_j`` joules."""
    return energy_j / J_PER_KWH * 1e3


def j_from_kwh(energy_kwh: float) -> float:
    """Joules in ``energy_kwh`` kilowatt-hours."""
    return energy_kwh * J_PER_KWH


def j_from_mj(energy_mj: float) -> float:
    """Joules in ``energy_mj`` millijoules (NVML counts these)."""
    return energy_mj / 1e3


def j_from_uj(energy_uj: float) -> float:
    """Joules in ``energy_uj`` microjoules (powercap counts these)."""
    return energy_uj / 1e6


def w_from_mw(power_mw: float) -> float:
    """Watts in ``power_mw`` milliwatts (NVML reports these)."""
    return power_mw / 1e3


def w_from_uw(power_uw: float) -> float:
    """Watts in ``power_uw`` microwatts (powercap and hwmon report these)."""
    return power_uw / 1e6


def s_from_ns(duration_ns: float) -> float:
    """Seconds in ``duration_ns`` nanoseconds."""
    return duration_ns / NS_PER_S


def ns_from_s(duration_s: float) -> int:
    """Whole nanoseconds in ``duration_s`` seconds."""
    return round(duration_s * NS_PER_S)


def g_per_kwh_from_lb_per_mwh(rate_lb_per_mwh: float) -> float:
    """Grams a kilowatt-hour in ``rate_lb_per_mwh`` pounds a megawatt-hour."""
    return rate_lb_per_mwh * G_PER_LB / 1e3


def g_per_kwh_from_t_per_mwh(rate_t_per_mwh: float) -> float:
    """Grams a kilowatt-hour in ``rate_t_per_mwh`` tonnes a megawatt-hour."""
    return rate_t_per_mwh * 1e3


def lb_from_g(mass_g: float) -> float:
    """Pounds (avoirdupois) in ``mass_g`` grams."""
    return mass_g / G_PER_LB


def g_from_lb(mass_lb: float) -> float:
    """Grams in ``mass_lb`` pounds (avoirdupois)."""
    return mass_lb * G_PER_LB


def carbon_g(energy_j: float, g_per_kwh: float) -> float:
    """Grams of CO2e that ``energy_j`` joules cause at ``g_per_kwh``."""
    return kwh_from_j(energy_j) * g_per_kwh


def kg_from_g(mass_g: float) -> float:
    """Kilograms in ``mass_g`` grams."""
    return mass_g / 1e3


def g_from_kg(mass_kg: float) -> float:
    """Grams in ``mass_kg`` kilograms."""
    return mass_kg * 1e3
