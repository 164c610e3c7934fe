"""File systems of fsspec, by the scheme of an address, and how long they wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True)
class Patience:
    """How often and how long, in seconds, a server is waited for; the waits double, with jitter."""

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 30.0
    silence: float = 60.0


def file_system(scheme: str, anonymous: bool, patience: Patience) -> AbstractFileSystem:
    """The file system that reads addresses of a scheme."""
    import fsspec

    if scheme in ("http", "https"):
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=patience.silence, sock_read=patience.silence)
        # Bytes are kept as they are sent: a .gz file that the server declares as compressed stays compressed.
        client = {"timeout": timeout, "auto_decompress": False, "trust_env": True}
        return fsspec.filesystem("http", client_kwargs=client, skip_instance_cache=True)
    if scheme == "s3":
        config = {
            "connect_timeout": patience.silence,
            "read_timeout": patience.silence,
            "retries": {"max_attempts": 0},
        }
        return fsspec.filesystem(
            "s3", anon=anonymous, use_listings_cache=False, config_kwargs=config, skip_instance_cache=True
        )
    return fsspec.filesystem("file", skip_instance_cache=True)
