"""What is found of a run at 300 W that ``kill -9`` ended after 30 s."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import datetime

from _bench import environ_with_store, line, machine, options, shown

from fakes.nvml import FakeGpu, FakeNvml, Waveform

POWER_W = 300.0
SUBJECT = """
import time
import tracker
with tracker.track("killed"):
    print("started", flush=True)
    time.sleep(3600)
"""


def main() -> None:
    duration_s = 4.0 if options(__doc__).short else 30.0
    with machine() as folder:
        fake = FakeNvml(folder, [FakeGpu(waveform=Waveform.constant(POWER_W))])
        environ = environ_with_store(folder, fake.environ())
        process = subprocess.Popen(
            (sys.executable, "-c", SUBJECT), env=environ, stdout=subprocess.PIPE
        )
        with process:
            assert process.stdout is not None  # noqa: S101 - it was asked for above
            process.stdout.readline()
            time.sleep(duration_s)
            process.send_signal(signal.SIGKILL)
            killed_s = time.time()
        report = shown(environ)
    lived_s = killed_s - datetime.fromisoformat(report["started_at"]).timestamp()
    found_j = sum(each["energy_j"] for each in report["devices"] if each["kind"] == "gpu")
    line("lived", lived_s, "s")
    line("drawn by the GPU", lived_s * POWER_W, "J")
    line("found", found_j, "J")
    line("lost", lived_s * POWER_W - found_j, "J", most=POWER_W)
    print(f"status: {report['status']}")


if __name__ == "__main__":
    main()
