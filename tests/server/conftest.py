"""The app and its clients, for every test of the server."""

from tests.support.api_client import app, app_client, clinic
from tests.support.receiver import receiver

__all__ = ["app", "app_client", "clinic", "receiver"]
