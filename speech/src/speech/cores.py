"""Counts the cores that this process may use: `os.cpu_count` counts the host's, but a container may have fewer."""

import math
import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # cgroup v2: "<quota or max> <period>", both in microseconds
MOST = 8  # more threads than this make a model of this size no faster: memory bandwidth is the limit


def usable_cores(quota_file: Path = CGROUP_QUOTA) -> int:
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(affinity, _quota(quota_file), MOST))


def _quota(file: Path) -> int:
    """Return the cores of the cgroup's quota, rounded up; `MOST` when there is no quota."""
    try:
        quota, period = file.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return MOST
