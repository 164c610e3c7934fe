"""Names the Dagster storages of homes made before the rooms: their dagster.yaml says `pipelines.instance`."""

from pipelines.orchestration.instance import HomeStorage

__all__ = ["HomeStorage"]
