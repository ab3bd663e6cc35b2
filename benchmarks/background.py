"""CPU time and memory that a run takes beside the training, with 8 GPUs and RAPL, at 1 s."""

from __future__ import annotations

from _bench import BYTES_PER_MB, environ_with_store, line, machine, options, python

from fakes.nvml import FakeGpu, FakeNvml, Waveform
from fakes.powercap import PowercapTree, drawing

GPUS = 8
PACKAGES = 2
PACKAGE_W = 150.0
SUBJECT = """
import json, os, time

def memory_bytes():
    with open("/proc/self/statm") as status:
        return int(status.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

bare_bytes = memory_bytes()
import tracker
run = tracker.track("background")
run.start()
time.sleep(3.0)
cpu_s, wall_s = time.process_time(), time.perf_counter()
time.sleep({duration_s})
taken = time.process_time() - cpu_s, time.perf_counter() - wall_s
added_bytes = memory_bytes() - bare_bytes
report = run.stop()
devices = [device.device_id for device in report.devices]
print(json.dumps({{"taken": taken, "added_bytes": added_bytes, "devices": devices}}))
"""


def main() -> None:
    duration_s = 3.0 if options(__doc__).short else 120.0
    with machine() as folder:
        waves = [Waveform(100.0, 500.0, 1.0 + number) for number in range(GPUS)]
        fake = FakeNvml(folder, [FakeGpu(waveform=wave) for wave in waves])
        powercap = PowercapTree(folder / "sys")
        for _ in range(PACKAGES):
            powercap.add_package()
        environ = environ_with_store(folder, fake.environ())
        environ["TRACKER_SYSFS"] = str(powercap.sys_path)
        with drawing(powercap, PACKAGE_W, 0.2):
            told = python(SUBJECT.format(duration_s=duration_s), environ).json()
    cpu_s, wall_s = told["taken"]
    line("devices read", len(told["devices"]), "")
    line("CPU time, each minute", cpu_s / wall_s * 60, "CPU s", most=0.06)
    line("memory added", told["added_bytes"] / BYTES_PER_MB, "MB", most=40)


if __name__ == "__main__":
    main()
