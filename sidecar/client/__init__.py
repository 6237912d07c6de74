"""The registry for Python programs: `from sidecar.client import Registry`."""

from sidecar.client.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Locked,
    NotFound,
    OutputRejected,
    RegistryError,
    StillOnItsWay,
    StillRunning,
    TransferFailed,
    Unavailable,
    Undecided,
)
from sidecar.client.models import (
    Context,
    Decision,
    Execution,
    File,
    Lock,
    Project,
    Promotion,
    Review,
    Step,
    Submitted,
    Transfer,
    Version,
)
from sidecar.client.registry import Registry
from sidecar.client.run import Done, Output, Run, current_run

__all__ = [
    "Conflict", "Context", "Decision", "Done", "Execution", "File", "Forbidden", "Invalid", "Lock", "Locked",
    "NotFound", "Output", "OutputRejected", "Project", "Promotion", "Registry", "RegistryError", "Review", "Run",
    "Step", "StillOnItsWay", "StillRunning", "Submitted", "Transfer", "TransferFailed", "Unavailable", "Undecided",
    "Version", "current_run",
]  # fmt: skip
