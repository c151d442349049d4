"""Limits apply before validation and execution. Errors name the limit and the request's value."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query

from schema.admission.documents import Documents, InvalidDocument
from schema.admission.limit_checks import LimitExceeded, check_cost, check_variables
from schema.admission.limits import DEFAULT_LIMITS, Limits
from schema.execute import graphql_schema
from schema.schema import schema
from tests.support.api_client import ORGANIZATION
from tests.support.repository import EXAMPLE_QUERIES

REPORT = """query Report($groups: Int = 200, $sessions: Int = 20, $enrollments: Int = 20) {
  groupDefinitions(first: $groups) { nodes {
    name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt facilitator { displayName }
    occurrences(first: $sessions) { nodes {
      id sessionDate startTime endTime status facilitator { displayName credentials } } }
    enrollments(first: $enrollments) { nodes {
      id status waitlistPosition enrolledAt patient { displayName medicalRecordNumber } } } } } }"""


def read(text: str, **limits: int) -> Documents:
    documents = Documents(graphql_schema(schema), Limits(**limits))
    asyncio.run(documents.read(text, ORGANIZATION))
    return documents


def refusal(text: str, **limits: int) -> tuple[str, int, int]:
    """Return the exceeded limit, the document's value and the limit's value. The message must contain them too."""
    with pytest.raises(LimitExceeded) as caught:
        read(text, **limits)
    extensions = caught.value.extensions
    assert extensions is not None
    assert f"{extensions['requested']:,}" in caught.value.message
    assert caught.value.message.endswith(f"the limit is {extensions['allowed']:,}.")
    return extensions["limit"], extensions["requested"], extensions["allowed"]


def cost(text: str, variables: dict[str, Any] | None = None, operation: str | None = None) -> int:
    document = asyncio.run(Documents(graphql_schema(schema), DEFAULT_LIMITS).read(text, ORGANIZATION))
    selected = document.operation(operation)
    assert selected is not None
    return selected.cost(variables)


# Requests that must pass


@pytest.mark.parametrize("example", EXAMPLE_QUERIES, ids=lambda path: path.stem)
def test_every_example_of_graphiql_uses_at_most_half_of_the_limits(example: Path) -> None:
    halved = Limits(*(getattr(DEFAULT_LIMITS, name) // 2 for name in Limits.__slots__))
    document = asyncio.run(Documents(graphql_schema(schema), halved).read(example.read_text(), ORGANIZATION))
    for operation in document.operations:
        check_cost(operation.cost({}), halved)


def test_the_introspection_of_graphiql_leaves_a_third_of_the_cost() -> None:
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    read(query, tokens=DEFAULT_LIMITS.tokens // 2, characters=DEFAULT_LIMITS.characters // 2)
    assert cost(query) <= DEFAULT_LIMITS.cost * 2 // 3


# Cost


def test_a_report_of_200_groups_passes_and_of_2000_groups_does_not() -> None:
    check_cost(cost(REPORT), DEFAULT_LIMITS)
    for tenfold in ({"groups": 2000}, {"sessions": 200, "enrollments": 200}):
        with pytest.raises(
            LimitExceeded, match=r"The query costs [\d,]+; the limit is 200,000. Request shorter lists"
        ) as caught:
            check_cost(cost(REPORT, tenfold), DEFAULT_LIMITS)
        assert (caught.value.extensions or {})["limit"] == "cost"
    sparse = """{ groupDefinitions(first: 200) { nodes {
      occurrences(first: 200) { nodes { facilitator { displayName } } }
      enrollments(first: 200) { nodes { patient { displayName } } } } } }"""
    assert cost(sparse) > DEFAULT_LIMITS.cost


def test_the_histories_of_50_groups_are_within_the_limit() -> None:
    history = """{ groupDefinitions(first: 50) { nodes { history(first: 10) { nodes {
      at actorId action changes { field before after } } } } } }"""
    check_cost(cost(history), Limits(cost=DEFAULT_LIMITS.cost // 4))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ viewer { id } }", 2),
        ("{ groupDefinitions(first: 3) { totalCount } }", 2),
        # A connection; 3 elements with an id each.
        ("{ groupDefinitions(first: 3) { nodes { id } } }", 1 + 3 * 2),
        ("{ groupDefinitions(last: 3) { edges { node { id } } } }", 1 + 3 * 3),
        ("{ groupDefinitions { nodes { id } } }", 1 + 50 * 2),
        ("{ groupDefinitions(first: 0) { nodes { id } } }", 1),
        ("{ groupDefinitions(first: -7) { nodes { id } } }", 1),
        ("{ groupDefinitions(first: 2, last: 4) { nodes { id } } }", 1 + 4 * 2),
        ("{ groupDefinitions(first: null) { nodes { id } } }", 1 + 50 * 2),
        ("{ groupDefinitions(first: 2) { nodes { occurrences(first: 5) { nodes { id } } } } }", 1 + 2 * (2 + 5 * 2)),
        # The page's size applies to its elements, also in fragments, and to nothing else.
        ("{ groupDefinitions(first: 3) { ...P } } fragment P on GroupDefinitionConnection { nodes { id } }", 1 + 3 * 2),
        ("{ groupDefinitions(first: 3) { ... { nodes { id } } } }", 1 + 3 * 2),
        ('{ groupDefinition(id: "1") { recurrence { dates } } }', 2 + 19 + 10),
        ('{ groupDefinition(id: "1") { recurrence { dates(first: 700) } } }', 2 + 19 + 700),
        ('{ groupDefinition(id: "1") { recurrence { excludedDates } } }', 2 + 200),
        ("{ groupDefinitions(first: 3) { nodes { recurrence { excludedDates } } } }", 1 + 3 * (2 + 200)),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3 * 2),
        # Weights are added to the values.
        ('{ groupDefinition(id: "1") { recurrence { summary } } }', 2 + 5),
        ("{ groupDefinitions(first: 3) { nodes { recurrence { dates(first: 2) } } } }", 1 + 3 * (2 + 19 + 2)),
    ],
)
def test_a_field_costs_one_and_a_list_its_maximum_length(text: str, expected: int) -> None:
    assert cost(text) == expected


def test_lists_outside_of_connections_count_too() -> None:
    preview = """query ($first: Int) { recurrencePreview(first: $first, recurrence:
      {rule: "FREQ=DAILY", startDate: "2026-01-01", startTime: "09:00:00"}) { dates } }"""
    assert cost(preview, {"first": 1000}) == 500 + 1000
    assert cost(preview) == 500 + 50
    generate = """mutation ($input: GenerateOccurrencesInput!) {
      generateOccurrences(input: $input) { createdCount occurrences { id } } }"""
    assert cost(generate) == 2 + 731 * 2
    disenroll = "mutation ($input: DisenrollPatientInput!) { disenrollPatient(input: $input) { promoted { id } } }"
    assert cost(disenroll) == 1 + 500 * 2


@pytest.mark.parametrize(
    ("variables", "size"),
    [
        ({"first": 7}, 7),
        ({"first": 7.0}, 7),
        ({}, 3),
        (None, 3),
        ({"first": None}, 50),
        ({"first": -1}, 0),
        ({"first": "many"}, 50),
        ({"first": True}, 50),
        ({"first": 1.5}, 50),
        ({"first": 10**400}, 10**400),
    ],
)
def test_variables_set_the_size_of_lists(variables: dict[str, Any] | None, size: int) -> None:
    query = """query ($first: Int = 3) { groupDefinitions(first: $first) { ...Page } viewer { id } }
      fragment Page on GroupDefinitionConnection { nodes { id } pageInfo { hasNextPage } }"""
    assert cost(query, variables) == 1 + size * 2 + 2 + 2


def test_the_number_of_ids_is_the_size_of_nodes() -> None:
    assert cost("query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", {"ids": ["a", "b"]}) == 2 * 3


def test_each_operation_has_its_own_cost() -> None:
    query = """query A($n: Int = 2) { groupDefinitions(first: $n) { nodes { ...G } } }
      query B($n: Int = 4) { groupDefinitions(first: $n) { nodes { ...G } } viewer { id } }
      fragment G on GroupDefinition { occurrences(first: $n) { nodes { id } } }"""
    assert cost(query, None, "A") == 1 + 2 * (2 + 2 * 2)
    assert cost(query, None, "B") == 1 + 4 * (2 + 4 * 2) + 2
    assert cost(query, {"n": 10}, "B") == 1 + 10 * (2 + 10 * 2) + 2


# Other limits


def test_tokens_and_characters_are_limited() -> None:
    assert refusal("{ viewer { id } }", tokens=5) == ("tokens", 6, 5)
    read("{ viewer { id } } # a comment", tokens=6)
    assert refusal("{ viewer { id } }" + "#\n" * 7, tokens=6) == ("tokens", 7, 6)
    assert refusal("{ viewer { id } }", characters=16) == ("characters", 17, 16)
    read("{ viewer { id } }", characters=17)


def test_depth_is_limited_in_fields_and_in_values() -> None:
    nested = "{ groupDefinitions { nodes { facilitator { id } } } }"
    assert refusal(nested, depth=3) == ("depth", 4, 3)
    read(nested, depth=4)
    assert (
        refusal(
            "{ groupDefinitions { nodes { ...F } } } fragment F on GroupDefinition { facilitator { id } }", depth=3
        )[1]
        == 4
    )
    assert refusal("{ groupDefinitions(filter: {groupType: [IOP]}) { totalCount } }", depth=2) == ("depth", 3, 2)
    assert refusal(
        "query ($f: GroupDefinitionFilter = {groupType: [IOP]}) { groupDefinitions(filter: $f) { totalCount } }",
        depth=2,
    )[:2] == ("depth", 3)
    assert refusal("{ viewer { id @skip(if: [[[true]]]) } }", depth=3)[:2] == ("depth", 4)
    assert refusal("{" + "viewer {" * 150 + "}" * 151)[:2] == ("depth", 150)
    assert refusal("{" + "viewer {" * 900 + "}" * 901)[0] == "depth"
    assert refusal("{ groupDefinition(id: " + "[" * 1500 + "]" * 1500 + ") { id } }")[0] == "depth"
    assert refusal("query ($v: " + "[" * 1500 + "Int" + "]" * 1500 + ") { viewer { id } }")[0] == "depth"


def test_aliases_and_repeated_fields_are_limited() -> None:
    assert refusal("{ viewer { a: id b: id } }", aliases=1) == ("aliases", 2, 1)
    assert refusal("{ viewer { id id id } }", aliases=1) == ("aliases", 2, 1)
    assert refusal("{ viewer { id ... { id ... { id } } } }", aliases=1) == ("aliases", 2, 1)
    assert refusal("{ viewer { ...V } again: viewer { ...V } } fragment V on Viewer { a: id }", aliases=2)[1] == 3
    # Fields of types that exclude each other are no repetitions.
    read('{ node(id: "1") { ... on Patient { id } ... on Location { id } } }', aliases=0)


def test_fragments_are_limited() -> None:
    assert refusal("{ viewer { ...V } ... { viewer { ...V } } } fragment V on Viewer { id }", fragments=2)[1] == 3
    read("{ viewer { ...V } viewer { ...V } } fragment V on Viewer { id }", fragments=2)


def test_root_fields_are_limited() -> None:
    assert refusal("{ viewer { id } __typename ...R } fragment R on Query { viewer { id } }", root_fields=2)[1] == 3
    read("{ viewer { id organizationId permissions } }", root_fields=1)


def test_directives_are_limited() -> None:
    everywhere = """query A @a { viewer @a { ...V @a ... @a { id @a } } } fragment V on Viewer @a { id @a }"""
    assert refusal(everywhere, directives=6) == ("directives", 7, 6)


def test_variables_are_limited_in_number_and_depth() -> None:
    check_variables({"a": [1, 2, {"b": 3}]}, Limits(tokens=5))
    with pytest.raises(LimitExceeded, match="contain 5 values or more; the limit is 4"):
        check_variables({"a": [1, 2, {"b": 3}]}, Limits(tokens=4))
    check_variables({"a": [[1]]}, Limits(depth=3))
    with pytest.raises(LimitExceeded, match="nested 3 levels deep or more; the limit is 2"):
        check_variables({"a": [[1]]}, Limits(depth=2))
    deep: Any = None
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(LimitExceeded, match="levels deep"):
        check_variables({"a": deep}, DEFAULT_LIMITS)
    check_variables(None, Limits(tokens=0))


# Expensive documents


def doubling(levels: int) -> str:
    """Return a document whose fragments each spread the next one twice: 2 ** levels fields in a few hundred bytes."""
    chain = "".join(f"fragment F{n} on Query{{...F{n + 1} ...F{n + 1}}}" for n in range(levels))
    return f"{{...F0}}{chain}fragment F{levels} on Query{{viewer{{id}}}}"


@pytest.mark.parametrize("levels", [22, 30, 45])
def test_doubled_spreads_are_counted_without_expanding_them(levels: int) -> None:
    assert refusal(doubling(levels)) == ("root_fields", min(10**15, 2**levels), 30)


def test_a_thousand_levels_of_doubled_spreads_are_refused_at_once() -> None:
    assert len(doubling(1000)) > 30_000
    assert refusal(doubling(1000))[0] == "tokens"
    assert refusal(doubling(1000), tokens=10**6)[0] == "fragments"
    assert refusal(doubling(1000), tokens=10**6, fragments=10**6) == ("root_fields", 10**15, 30)
    # Under 1 KB.
    short = "{...A}" + "".join(
        f"fragment {a} on Query{{...{b} ...{b}}}"
        for a, b in zip("ABCDEFGHIJKLMNOPQRSTUVW", "BCDEFGHIJKLMNOPQRSTUVWX", strict=True)
    )
    assert len(short) < 1000
    with pytest.raises(InvalidDocument, match="not valid"):
        read(short)


def test_doubled_spreads_of_empty_fragments_cost_nothing() -> None:
    chain = "".join(f"fragment F{n} on Query{{...F{n + 1} ...F{n + 1}}}" for n in range(45))
    assert cost(f"{{...F0}}{chain}fragment F45 on Query{{}}") == 0


def test_multiplying_lists_are_measured_without_expanding_them() -> None:
    chain = "".join(
        f"fragment F{n} on GroupDefinition{{occurrences(first:$n){{nodes{{groupDefinition{{...F{n + 1}}}}}}}}}"
        for n in range(5)
    )
    query = f"query($n:Int){{groupDefinitions(first:$n){{nodes{{...F0}}}}}}{chain}fragment F5 on GroupDefinition{{id}}"
    documents = Documents(graphql_schema(schema), Limits(depth=100))
    operation = asyncio.run(documents.read(query, ORGANIZATION)).operation(None)
    assert operation is not None
    assert operation.cost({"n": 200}) > 200**6


@pytest.mark.parametrize(
    "query",
    [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { viewer { id } ...A }",
        "{ viewer { id } } fragment A on Query { ...A }",
        "{ ...A }",
        "{ viewer { ...A } } fragment B on Viewer { ...A }",
        "{ ...A } fragment A on Nothing { id }",
        "{ ...A } fragment A on Query { nothing { id } } fragment A on Query { viewer { id } }",
        "{ nothing(first: 3) { nodes { id } } }",
        "subscription { viewer { id } }",
        "type Query { a: Int }",
        "{ groupDefinitions(first: $unknown) { totalCount } }",
        "{ viewer { id { id } } }",
        "{ viewer }",
        "{ viewer { permissions(first: 3) } }",
        "query ($a: [Nothing!]) { viewer { id } }",
    ],
)
def test_an_invalid_document_is_left_to_validation(query: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(query)
    assert caught.value.errors


def test_comparing_repeated_fields_is_limited() -> None:
    fields = "facilitator { id displayName credentials active } location { id site room timeZone }"
    repeated = f"{{ {f'occurrence(id: 1) {{ groupDefinition {{ {fields} }} }} ' * 80} }}"
    assert refusal(repeated, root_fields=100)[0] == "comparisons"
    fragments = "".join(f"fragment F{n} on Query {{ occurrence(id: 1) {{ {fields} }} }} " for n in range(90))
    spread = "{ " + " ".join(f"...F{n}" for n in range(90)) + " } " + fragments
    assert refusal(spread, root_fields=100)[0] == "comparisons"
    read(f"{{ {f'occurrence(id: 1) {{ groupDefinition {{ {fields} }} }} ' * 8} }}")


def test_validation_reports_at_most_ten_errors() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read("{ " + " ".join(f"unknown{n}" for n in range(20)) + " }")
    assert len(caught.value.errors) == 11
    assert "Too many validation errors" in caught.value.errors[-1].message
