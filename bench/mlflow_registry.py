"""MLflow's model registry, straight on its tables: no tracking server between. Runs in a Python of its own.

    python mlflow_registry.py sqlalchemy-address

Then each line of standard input is a number of promotions to make; the answer is a JSON list of the seconds each took.
"""

import json
import sys
import time
import uuid

from mlflow.entities.model_registry import RegisteredModel  # noqa: F401  fails here, with a plain message, without mlflow
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from mlflow.version import VERSION


def main(address: str) -> None:
    """Says MLflow's version first, when its tables are there."""
    store = SqlAlchemyStore(address)
    print(VERSION, flush=True)
    for line in sys.stdin:
        print(json.dumps(promotions(store, int(line))), flush=True)


def promotions(store: SqlAlchemyStore, count: int) -> list[float]:
    """A new version of a model, then the alias that says it is the one in use."""
    name, durations = f"logo-{uuid.uuid4().hex}", []
    store.create_registered_model(name)
    for _ in range(count):
        began = time.perf_counter()
        version = store.create_model_version(name, "s3://bucket/logo", None)
        store.set_registered_model_alias(name, "champion", version.version)
        durations.append(time.perf_counter() - began)
    return durations


if __name__ == "__main__":
    main(sys.argv[1])
