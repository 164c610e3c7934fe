"""The declared addresses from which an installation fetches deliveries."""

from __future__ import annotations

import re
from datetime import date
from fnmatch import fnmatch
from typing import Annotated
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Remote(Strict):
    """An address from which deliveries are fetched.

    In `url` and `name`, `{date:%y%m%d}` is a day in strftime's terms: a dated address is looked at for the
    as-of date and the `days_back` days before it, and for the days of a backfill, but for none before `since`.
    In `url` and `headers`, `${NAME}` is an environment variable, whose value is never written down.
    """

    url: str
    name: str | None = None
    since: date | None = None
    days_back: Annotated[int, Field(ge=0, le=366)] = 7
    headers: dict[str, str] = Field(default_factory=dict)
    anonymous: bool = False

    @model_validator(mode="after")
    def _can_be_used(self) -> Remote:
        scheme = self.url.partition("://")[0]
        if scheme not in _SCHEMES:
            raise ValueError(f"url {self.url}: begins with none of {', '.join(f'{one}://' for one in _SCHEMES)}")
        for template in (self.url, self.name or ""):
            rest = _VARIABLE.sub("", DAY_PLACE.sub("", template))
            if "{" in rest or "}" in rest:
                raise ValueError(f"{template}: only {{date:...}} and ${{NAME}} may stand in braces")
        if self.is_dated and self.since is None:
            raise ValueError(f"url {self.url}: a dated address needs `since`, the first day that has a file")
        return self

    @property
    def is_dated(self) -> bool:
        """Whether it is another file each day."""
        return DAY_PLACE.search(self.url) is not None

    def url_on(self, day: date | None) -> str:
        """The URL of a day, with the environment variables left as they are written."""
        return _on(self.url, day)

    def file_name(self, day: date | None) -> str:
        """The name under which the file of a day is received."""
        if self.name is not None:
            return _on(self.name, day)
        return unquote(self.url_on(day).partition("?")[0].rstrip("/").rsplit("/", 1)[-1])


_SCHEMES = ("http", "https", "s3", "file")
DAY_PLACE = re.compile(r"(?<!\$)\{date(?::([^{}]*))?\}")
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def _on(template: str, day: date | None) -> str:
    return DAY_PLACE.sub(lambda place: format(day, place[1] or "%Y-%m-%d") if day else place[0], template)


def refuse_other_names(remotes: list[Remote], patterns: list[str]) -> None:
    """Raises ValueError for an address whose files would have a name that the delivery gate refuses."""
    for remote in remotes:
        name = remote.file_name(remote.since)
        if not any(fnmatch(name.lower(), pattern.lower()) for pattern in patterns):
            raise ValueError(f"url {remote.url}: its file name {name!r} is none of {', '.join(patterns)}; give `name`")
