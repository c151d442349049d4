"""The demo clinic: fictional data for trying the API."""
