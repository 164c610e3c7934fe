"""The log of `touchstone refresh`: what Dagster and libraries log and warn of, in a file of the home."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from pipelines.state.home import Home


def log_path(home: Home) -> Path:
    """The file of the log."""
    return home.dagster / "refresh.log"


@contextmanager
def logged_to_file(home: Home) -> Iterator[logging.Logger]:
    """A logger for Dagster; what libraries log and warn of goes to the same file, not to the terminal."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(log_path(home), maxBytes=5_000_000, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    logging.captureWarnings(True)
    logger = logging.getLogger("touchstone.refresh")
    logger.setLevel(logging.INFO)
    try:
        yield logger
    finally:
        logging.captureWarnings(False)
        root.handlers = before
        handler.close()
