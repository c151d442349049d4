"""The addresses of the admin UI's screens."""

from typing import Final

SCREENS: Final = ("groups", "patients", "closures", "sessions", "today", "week", "compliance")
"""The first segments of the paths in web/admin/src/app/router.tsx, where the server responds with the page."""
