from __future__ import annotations

import random
import time
from uuid import RFC_4122

from tracker.assembly import Assembly


def test_ids_are_uuids_of_version_7_that_follow_time() -> None:
    assembly = Assembly.of_this_process({})
    before_ms = time.time_ns() // 1_000_000
    ids = [assembly.new_id() for _ in range(1000)]
    after_ms = time.time_ns() // 1_000_000
    assert {one.version for one in ids} == {7}
    assert {one.variant for one in ids} == {RFC_4122}
    assert all(before_ms <= one.int >> 80 <= after_ms for one in ids)
    assert len(set(ids)) == 1000


def test_a_seed_of_the_training_makes_no_id_twice() -> None:
    assembly = Assembly.of_this_process({})
    ids = []
    for _ in range(2):
        random.seed(0)
        ids.append(assembly.new_id().int & (1 << 62) - 1)
    assert ids[0] != ids[1]
