"""The app and its clients, for every test of the edge."""

from tests.api_client import app, app_client, clinic
from tests.receiver import receiver

__all__ = ["app", "app_client", "clinic", "receiver"]
