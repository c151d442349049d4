"""Documents sessions as another module does: by a signed event over HTTP."""

import json

from standardwebhooks import Webhook
from starlette.applications import Starlette

from server.runtime.clock import now
from tests.support.api_client import http_client
from tests.support.receiver import SECRET

THERAPIST = "therapist"


async def document(app: Starlette, organization: str, session: str) -> tuple[int, str]:
    """Say that a session is documented. Return the response's HTTP status, and the session's status or the error."""
    body = json.dumps(
        {
            "event": "group_session_documented",
            "payload": {"schedule_id": session},
            "metadata": {"organization_id": organization, "user_id": THERAPIST},
        }
    )
    moment = now()
    headers = {
        "content-type": "application/json",
        "webhook-id": f"note-{session}",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(f"note-{session}", moment, body),
    }
    async with http_client(app) as client:
        response = await client.post("/events", content=body, headers=headers)
    received = response.json()
    error = received["errors"][0]["extensions"]["code"] if "errors" in received else None
    return response.status_code, error or received["status"]
