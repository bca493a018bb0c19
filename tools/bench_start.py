"""Tool: measures what a cold start of each entry point costs, beside what it cannot do without."""

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tools.package import build
from tools.simulator.functions.code import runtime_directory

# What is imported, and what it is compared with.
TARGETS = {
    "boto3": "boto3",
    "rdklib": "rdklib",
    "EMR_IN_TRANSIT_ENCRYPTION": "rdklib",
    "launch_check": "boto3",
    "launch_check with bundles": "launch_check",
}
# What is imported beside the entry point where certificate bundles are looked into.
WITH_BUNDLES = ("emr_in_transit.aws.bundles", "emr_in_transit.judgement.bundle_reading")
# As the simulator's Lambda starts Python: nothing but the zip and the runtime's boto3. Where a chunk
# of CPython's frame stack happens to end, calls there allocate one over and over, which costs up to
# 30 ms of an import; so each run begins at another depth of the stack.
_ISOLATED = ("-I", "-S", "-X", "utf8")
_MEASURE = """
import sys, time
code, runtime, number, *names = sys.argv[1:]
sys.path.insert(0, code)
sys.path.append(runtime)
def load(depth):
    if depth:
        load(depth - 1)
    else:
        for name in names:
            __import__(name)
began = time.process_time()
load(10 * int(number))
seconds = time.process_time() - began
try:
    lines = open("/proc/self/status").read().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = peak // 1024 if sys.platform == "darwin" else peak
print(seconds * 1000, peak / 1024)
"""


@dataclass(frozen=True)
class Start:
    """Medians of importing one module in fresh interpreters, in processor time."""

    module: str
    beside: str
    milliseconds: float  # as in Lambda, which compiles the zip's modules anew at each cold start
    ratio: float
    compiled_milliseconds: float  # as on a disk that keeps compiled modules
    compiled_ratio: float
    peak_mib: float


def measure_starts(runs: int) -> list[Start]:
    """Import each in turn, so often; the first of the runs only warms up, and does not count."""
    with tempfile.TemporaryDirectory() as folder:
        fresh, kept = Path(folder) / "fresh", Path(folder) / "kept"
        with zipfile.ZipFile(build(Path(folder))) as archive:
            for each in (fresh, kept):
                archive.extractall(each)
        plain: dict[str, list[tuple[float, float]]] = {name: [] for name in TARGETS}
        compiled: dict[str, list[tuple[float, float]]] = {name: [] for name in TARGETS}
        for number in range(runs + 1):
            for name in TARGETS:
                first, second = _import(name, number, kept), _import(name, number, fresh, "-B")
                if number:
                    compiled[name].append(first)
                    plain[name].append(second)
    milliseconds = {name: median(each[0] for each in found) for name, found in plain.items()}
    quick = {name: median(each[0] for each in found) for name, found in compiled.items()}
    return [
        Start(
            module=name,
            beside=beside,
            milliseconds=milliseconds[name],
            ratio=_ratio(plain[name], plain[beside]),
            compiled_milliseconds=quick[name],
            compiled_ratio=_ratio(compiled[name], compiled[beside]),
            peak_mib=median(each[1] for each in plain[name]),
        )
        for name, beside in TARGETS.items()
    ]


def _ratio(mine: list[tuple[float, float]], others: list[tuple[float, float]]) -> float:
    # Of imports that came right after one another: what else the machine does slows down both.
    return median(one[0] / other[0] for one, other in zip(mine, others, strict=True))


def zip_bytes() -> int:
    """Return the size of the zip that ships."""
    with tempfile.TemporaryDirectory() as folder:
        return build(Path(folder)).stat().st_size


def _import(name: str, number: int, code: Path, *options: str) -> tuple[float, float]:
    """Return milliseconds and peak memory in MiB of one import in a new interpreter."""
    entry, _, option = name.partition(" with ")
    modules = [entry, *(WITH_BUNDLES if option else ())]
    arguments = [*_ISOLATED, *options, "-c", _MEASURE, code, runtime_directory(), number, *modules]
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    milliseconds, peak = done.stdout.split()
    return float(milliseconds), float(peak)
