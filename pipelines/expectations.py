"""The Great Expectations suites of the load gate and the release gate.

The checks of both are known by name before they run (`load_plans`, `release_plans`), which costs nothing: Great
Expectations, which takes ten seconds to import, is imported by the first gate that runs.
"""

from pipelines.demands import CheckPlan, CheckResult, Severity
from pipelines.load_suite import DeliveryCounts, load_plans, run_load_gate
from pipelines.release_suite import release_plans, run_release_gate

__all__ = [
    "CheckPlan",
    "CheckResult",
    "DeliveryCounts",
    "Severity",
    "load_plans",
    "release_plans",
    "run_load_gate",
    "run_release_gate",
]
