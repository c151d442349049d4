"""Random clients send mutations over HTTP. The API behaves like a simple model."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.endurance.scale import soak
from tests.stateful.enrollment_machine import EnrollmentMachine
from tests.stateful.machine import ApiMachine
from tests.stateful.two_organizations import TwoOrganizations, counts
from tests.support.figures import record_figures

_MACHINES = pytest.mark.parametrize("machine", [ApiMachine, EnrollmentMachine])


@_MACHINES
def test_the_api_behaves_like_the_model(
    machine: type[TwoOrganizations], database_url: str, administrator_url: str, database_kind: str
) -> None:
    _run(machine, database_url, administrator_url, database_kind, examples=12, steps=30)


@pytest.mark.soak
@_MACHINES
def test_the_api_behaves_like_the_model_for_long(
    machine: type[TwoOrganizations], database_url: str, administrator_url: str, database_kind: str
) -> None:
    _run(machine, database_url, administrator_url, database_kind, examples=soak(400, short=40), steps=60)


def _run(
    base: type[TwoOrganizations], serving: str, administrator: str, database: str, *, examples: int, steps: int
) -> None:
    class Machine(base):  # type: ignore[misc, valid-type]  # mypy knows no class as a parameter
        database_url = serving
        administrator_url = administrator

    counts.clear()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        ),
    )
    assert counts["accepted"] > counts["operations"] / 10
    record_figures(f"random clients and the model: {base.__name__}", database, **counts)
