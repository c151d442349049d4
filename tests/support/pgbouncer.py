"""A PgBouncer in front of PostgreSQL, if one is installed on the machine."""

import asyncio
import contextlib
import os
import pwd
import shutil
import socket
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed (Debian: pgbouncer)")


@asynccontextmanager
async def pgbouncer(database_url: str, pool_mode: str, sessions: int = 20) -> AsyncIterator[str]:
    """Yield the DATABASE_URL that leads through a PgBouncer with this `pool_mode`, and at most so many sessions."""
    assert PROGRAM is not None
    target = make_url(database_url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not under tmp_path, which only its owner can read: if root runs the tests, PgBouncer runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    users = folder / "users.txt"
    users.write_text(f'"{target.username}" "{target.password}"\n')
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={target.query.get('host', target.host)} port={target.port or 5432}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {users}\npool_mode = {pool_mode}\n"
        f"default_pool_size = {sessions}\n"
    )
    options: list[str] = []
    if os.getuid() == 0:
        # PgBouncer and PostgreSQL refuse to run as root, and PostgreSQL opens its socket only to its own user.
        socket_folder = target.query.get("host")
        user = (
            pwd.getpwuid(os.stat(str(socket_folder)).st_uid)  # noqa: PTH116 - local, and at once
            if socket_folder
            else pwd.getpwnam("nobody")
        )
        for path in (folder, users, settings):
            os.chown(path, user.pw_uid, user.pw_gid)
        options = ["-u", user.pw_name]
    process = await asyncio.create_subprocess_exec(PROGRAM, *options, str(settings), stdout=DEVNULL, stderr=DEVNULL)
    try:
        async with asyncio.timeout(20):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
        yield target.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder)
