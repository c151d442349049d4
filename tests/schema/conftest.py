"""The app and its clients, for every test of the schema."""

from tests.support.api_client import app, app_client, clinic

__all__ = ["app", "app_client", "clinic"]
