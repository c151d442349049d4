"""Changes of the registry, as its exports bring them: by an import of FHIR resources."""

import io
from pathlib import Path
from typing import Any

from rich.console import Console
from uuid_utils import uuid7

from db.connections.engine import Database
from server.imports.fhir.fhir_file import FhirFile
from server.imports.importing import import_files
from server.imports.options import ImportOptions
from server.imports.summary import ImportSummary
from tests.server.imports.fhir.resources import ndjson
from tests.support.databases import operator_of

WAYS_TO_BECOME_INACTIVE: dict[str, dict[str, Any]] = {
    "deactivated": {"active": False},
    "deceased": {"deceasedBoolean": True},
    "died": {"deceasedDateTime": "2026-01-02"},
    "merged": {"link": [{"type": "replaced-by", "other": {"reference": "Patient/patient-8"}}]},
}
"""What a Patient resource states, by what has happened to the patient."""


def registered(id: str, **fields: Any) -> dict[str, Any]:
    """Return the Patient resource of a patient whom `tests.support.clinic.seed` stores."""
    number = id.removeprefix("patient-")
    record_number = {"type": {"coding": [{"code": "MR"}]}, "value": f"MR{number}"}
    name = {"text": f"Patient {number}"}
    return {"resourceType": "Patient", "id": id, "name": [name], "identifier": [record_number], **fields}


async def import_resources(
    engine: Database, folder: Path, organization: str, *resources: dict[str, Any], **options: Any
) -> ImportSummary:
    """Import resources from a file in the folder."""
    path = folder / f"{uuid7()}.ndjson"
    path.write_bytes(ndjson(*resources))
    import_options = ImportOptions(organization, "America/Phoenix", **options)
    return await import_files(
        operator_of(engine), import_options, [FhirFile(path)], io.StringIO(), Console(file=io.StringIO())
    )
