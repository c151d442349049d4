"""The assets of a page: scripts and styles of the web build."""

import os
from pathlib import Path
from typing import Final

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.middleware.compression import accepts_gzip
from server.responses.headers import header

_ONE_YEAR_SECONDS: Final = 31_536_000


def hashed_files(path: str, folder: Path, policy: str) -> Mount:
    """Return the route of a folder of assets.

    Args:
        path: The path at which to serve them.
        folder: The folder.
        policy: Their content security policy, which browsers apply to workers.
    """
    # StaticFiles raises its errors, such as 404. The app has no middleware that responds to them.
    return Mount(path, ExceptionMiddleware(_HashedFiles(folder, policy)))


class _HashedFiles(StaticFiles):
    """Files whose names change with their content, so that browsers may cache them forever.

    The build writes a gzip copy beside each large file. Clients that accept gzip get the copy.
    """

    def __init__(self, folder: Path, policy: str) -> None:
        super().__init__(directory=folder)
        self._policy = policy

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        gzip_copy = Path(f"{full_path}.gz")
        headers = {
            "Content-Security-Policy": self._policy,
            "Cache-Control": f"public, max-age={_ONE_YEAR_SECONDS}, immutable",
        }
        if gzip_copy.is_file():
            headers["Vary"] = "Accept-Encoding"
            if accepts_gzip(header(scope, b"accept-encoding")):
                full_path, stat_result = gzip_copy, gzip_copy.stat()
                headers["Content-Encoding"] = "gzip"
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(headers)
        return response
