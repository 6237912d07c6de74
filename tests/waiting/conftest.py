"""The same registry, worker and receivers as for events."""

from tests.events.conftest import *  # noqa: F403
