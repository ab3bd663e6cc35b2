"""What one tick of eight GPUs, two packages and memory costs to store: CPU and wall time."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

from _bench import MS_PER_S, line, machine, options
from msgspec.structs import replace

from fakes.records import GPU, run, segment
from tracker.model.device import Method
from tracker.model.energy import EnergyInterval
from tracker.model.run import Heartbeat, Record, Segment, SegmentDevice, SegmentInterval
from tracker.store.database import open_database
from tracker.store.writer import Writer

DEVICES = [replace(GPU, id=f"gpu:GPU-8a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f{n:x}") for n in range(11)]


def main() -> None:
    ticks = 200 if options(__doc__).short else 2000
    of = run()
    part = segment(of)
    batches = [_tick(part, number) for number in range(ticks)]
    walls_ms = []
    with machine() as folder, open_database(f"sqlite:///{folder}/runs.db", mode="write") as store:
        writer = Writer(store)
        writer.save([of, part, *(SegmentDevice(part.id, one, "nvml") for one in DEVICES)])
        writer.save(batches[0])  # the first compiles its statements
        began_s = time.process_time()
        for batch in batches:
            before_s = time.perf_counter()
            writer.save(batch)
            walls_ms.append((time.perf_counter() - before_s) * MS_PER_S)
        cpu_s = (time.process_time() - began_s) / ticks
    line("a tick of 11 intervals and a heartbeat, CPU", cpu_s * MS_PER_S, "ms")
    line("  the same, 60 ticks", cpu_s * 60, "s", most=0.06)
    line("  until it is committed, median", statistics.median(walls_ms), "ms")
    line("  until it is committed, 99 %", statistics.quantiles(walls_ms, n=100)[-1], "ms")


def _tick(part: Segment, number: int) -> list[Record]:
    """What changes in a second: the open slot of each device, and the sign of life."""
    slot = part.started_at + timedelta(seconds=number // 10 * 10)
    now = part.started_at + timedelta(seconds=number + 1)
    energies = [
        EnergyInterval(one.id, slot, now, 300.1 * number, 1.5, Method.COUNTER, 1.0)
        for one in DEVICES
    ]
    power_w = {one.id: 300.1 + number for one in DEVICES}
    return [
        *(SegmentInterval(part.id, slot, energy) for energy in energies),
        Heartbeat(part.id, now, power_w, ("epoch",)),
    ]


if __name__ == "__main__":
    main()
