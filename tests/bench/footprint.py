"""What the line weighs: images on the disk, memory at rest, and what one call adds."""

from __future__ import annotations

import concurrent.futures
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.stack.line import Line

MB = 1_000_000


def idle(line: Line) -> dict[str, Any]:
    time.sleep(20)  # warm processes settle
    return {"images, MB": images(line), "idle memory, MB of proportional set size": memory(line)}


def of_one_call(line: Line) -> dict[str, Any]:
    """Memory and CPU seconds a second, above rest, while one caller listens and talks."""
    before, rest = memory(line), cpu(line)
    time.sleep(20)
    rest = {name: (used - rest[name]) / 20 for name, used in cpu(line).items()}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        call = pool.submit(line.phone, "--say", "When are you open?", "--say", "Where are you?")
        time.sleep(5)  # answered, greeting spoken
        start, began = cpu(line), time.monotonic()
        during = []
        while not call.done():
            during.append(memory(line))
            time.sleep(1)
        seconds = time.monotonic() - began
    busy = {name: (used - start[name]) / seconds for name, used in cpu(line).items()}
    return {
        "one call adds, MB": {
            name: round(statistics.median(at[name] for at in during) - before[name]) for name in before
        },
        "one call adds, cores": {name: round(busy[name] - rest[name], 2) for name in busy},
    }


def images(line: Line) -> dict[str, int]:
    names = line.compose("--profile", "*", "config", "--images").split()
    return {
        name: int(line.run("docker", "image", "inspect", "--format", "{{.Size}}", name).stdout) // MB
        for name in sorted(names)
    }


def processes(line: Line) -> dict[str, list[str]]:
    """The process ids of each running service, as the host sees them."""
    services = set(line.compose("ps", "--services", "--status", "running").split()) - {"phone"}  # ours to call with
    found = {}
    for service in sorted(services):
        container = line.compose("ps", "--quiet", service).strip()
        found[service] = line.run("docker", "top", container, "-eo", "pid").stdout.split()[1:]
    return found


def memory(line: Line) -> dict[str, int]:
    """Proportional set size in MB: pages that processes share are counted once."""
    return {service: sum(map(proportional_set_size, pids)) // MB for service, pids in processes(line).items()}


def proportional_set_size(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):  # the process ended meanwhile
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def cpu(line: Line) -> dict[str, float]:
    """Seconds of CPU each service has used so far."""
    used = {}
    for service in processes(line):
        container = line.compose("ps", "--quiet", "--no-trunc", service).strip()
        used[service] = cpu_seconds(container)
    return used


def cpu_seconds(container: str) -> float:
    """From the container's control group, version 1 (nanoseconds) or 2 (microseconds)."""
    groups = Path("/sys/fs/cgroup")
    for account in groups.glob(f"cpuacct/**/*{container}*/cpuacct.usage"):
        return int(account.read_text()) / 1e9
    for stat in groups.glob(f"**/*{container}*/cpu.stat"):
        return int(stat.read_text().split()[1]) / 1e6  # its first line: usage_usec N
    raise FileNotFoundError(f"no control group of the container {container} under {groups}")
