"""Errors of variables and literals say where the value is and what is expected, and do not contain it."""

import json
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, execute_sync, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from schema.admission.input_errors import InputError, LiteralValuesRule, restated_errors

SCHEMA = build_schema("""
  enum Color { RED GREEN }
  input Size { width: Int! height: Int }
  input Box { name: String! label: String = "none" color: Color sizes: [Size!] ids: [ID!] weight: Float open: Boolean }
  input Key @oneOf { id: ID, name: String }
  type Query { box(box: Box, key: Key, keys: [Key!], count: Int! = 1): String }
""")
SECRET = 'Zephyrine\'s "Quux"'
BOX = "query ($box: Box!) { box(box: $box) }"
KEY = "query ($key: Key) { box(key: $key) }"


def faults(document: str, variables: dict[str, Any], schema: GraphQLSchema = SCHEMA) -> list[tuple[Any, str]]:
    """Return the path and the message of each error of the variables."""
    node = parse(document)
    assert validate(schema, node) == []
    result = execute_sync(schema, node, variable_values=variables)
    assert result.errors
    operation = node.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    errors = restated_errors(result.errors, schema, operation, variables)
    for error in errors:
        assert isinstance(error, InputError)
        assert error.locations
        assert "Zephyrine" not in json.dumps(error.formatted)
        extensions = error.extensions or {}
        assert extensions["variable"] == extensions["path"][0]
    return [((error.extensions or {})["path"], error.message) for error in errors]


def in_box(path: str, expected: str) -> str:
    return f"A variable of type 'Box!' is invalid at '{path}'. {expected}"


@pytest.mark.parametrize(
    ("box", "path", "expected"),
    [
        ({"name": 7}, ["name"], "Expected a string."),
        ({"name": None}, ["name"], "Expected a value that is not null."),
        ({}, ["name"], "The field 'name' of 'Box' is required."),
        ({"name": "a", "color": SECRET}, ["color"], "Expected one of RED, GREEN."),
        ({"name": "a", "color": 3}, ["color"], "Expected one of RED, GREEN."),
        ({"name": "a", "weight": SECRET}, ["weight"], "Expected a number."),
        ({"name": "a", "open": SECRET}, ["open"], "Expected true or false."),
        ({"name": "a", "ids": ["1", {SECRET: SECRET}]}, ["ids", 1], "Expected a string or an integer."),
        ({"name": "a", "ids": [None]}, ["ids", 0], "Expected a value that is not null."),
        ({"name": "a", "sizes": SECRET}, ["sizes"], "Expected an object of type 'Size'."),
        (
            {"name": "a", "sizes": [{"width": 1}, {"width": SECRET}]},
            ["sizes", 1, "width"],
            "Expected an integer between -2147483648 and 2147483647.",
        ),
        ({"name": "a", "sizes": [{"height": 1}]}, ["sizes", 0, "width"], "The field 'width' of 'Size' is required."),
        ({"name": "a", "sizes": {"width": 2**31}}, ["sizes", "width"], "Expected an integer between"),
    ],
)
def test_a_variables_error_has_the_path_and_what_is_expected(
    box: dict[str, Any], path: list[str | int], expected: str
) -> None:
    [(reported, message)] = faults(BOX, {"box": box})
    assert reported == ["box", *path]
    assert message.startswith(in_box(".".join(map(str, path)), expected))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "A value is required."),
        ({"box": None}, "Expected a value that is not null."),
        ({"box": SECRET}, "Expected"),
    ],
)
def test_an_error_of_a_whole_variable_has_only_the_variable(variables: dict[str, Any], expected: str) -> None:
    [(path, message)] = faults(BOX, variables)
    assert path == ["box"]
    assert message.startswith(f"A variable of type 'Box!' is invalid. {expected}")


def test_an_unknown_field_is_not_named_but_similar_fields_are() -> None:
    [(path, message)] = faults(BOX, {"box": {"name": "a", "labell": SECRET}})
    assert (path, message) == (
        ["box"],
        "A variable of type 'Box!' is invalid. 'Box' does not have this field. Did you mean 'label'?",
    )
    [(_, message)] = faults(BOX, {"box": {"name": "a", SECRET: 1}})
    assert message.endswith("'Box' does not have this field.")


@pytest.mark.parametrize("key", [{}, {"id": "1", "name": "a"}, {"id": None}])
def test_a_one_of_object_must_have_one_field(key: dict[str, Any]) -> None:
    [(path, message)] = faults(KEY, {"key": key})
    assert path == ["key"]
    assert message.endswith("Expected exactly one field of 'Key', with a value that is not null.")


def test_each_error_of_each_variable_is_reported_up_to_ten() -> None:
    both = "query ($box: Box!, $key: Key) { box(box: $box, key: $key) }"
    reported = faults(both, {"box": {"name": 1, "weight": "x"}, "key": {}})
    assert [path for path, _ in reported] == [["box", "name"], ["box", "weight"], ["key"]]
    assert len(faults(BOX, {"box": {"name": "a", "ids": [None] * 200}})) == 10


@pytest.mark.parametrize(
    "document",
    [
        "query ($size: Int = 1) { box(count: $size) }",
        "query ($size: Boolean = true) { box @include(if: $size) }",
        "query ($size: Boolean = true) { ... @skip(if: $size) { box } }",
    ],
)
def test_null_for_a_variable_with_a_default_names_the_variable(document: str) -> None:
    [(path, message)] = faults(document, {"size": None})
    assert path == ["size"]
    assert message == "A variable is null or missing, but its value is used where null is not allowed."


@pytest.mark.parametrize(
    ("arguments", "faulty", "expected"),
    [
        ("box: {name: 3}", "3", "Expected a string."),
        ("box: {name: null}", "null", "Expected a value that is not null."),
        ("box: {}", "{}", "The field 'name' of 'Box' is required."),
        ('box: "Zephyrine"', '"Zeph', "Expected an object of type 'Box'."),
        ('box: {name: "a", color: "RED"}', '"RED"', "Expected one of RED, GREEN."),
        ('box: {name: "a", color: ZEPHYRINE}', "ZEPH", "Expected one of RED, GREEN."),
        ('box: {name: "a", Zephyrine: 1}', "Zeph", "'Box' does not have this field."),
        ('box: {name: "a", labels: "b"}', "labels", "'Box' does not have this field. Did you mean 'label'?"),
        ('box: {name: "a", sizes: [{width: 1}, {width: "Zephyrine"}]}', '"Zeph', "Expected an integer between"),
        ("count: null", "null", "Expected a value that is not null."),
        ("count: 1.5", "1.5", "Expected an integer between"),
        ("count: 99999999999999999999", "999", "Expected an integer between"),
        ("key: {}", "{}", "Expected exactly one field of 'Key'"),
        ("key: {id: null}", "{id", "Expected exactly one field of 'Key'"),
        ('keys: [{id: "1"}, {name: "Zephyrine", id: "1"}]', "{name", "Expected exactly one field of 'Key'"),
    ],
)
def test_a_literals_error_has_its_location_and_what_is_expected(arguments: str, faulty: str, expected: str) -> None:
    document = f"{{ box({arguments}) }}"
    [error] = validate(SCHEMA, parse(document), [LiteralValuesRule])
    assert [location.column for location in error.locations or ()] == [document.index(faulty) + 1]
    assert error.message.startswith(expected)
    assert "zephyrine" not in error.message.lower()


def test_valid_values_have_no_errors() -> None:
    literal = """query ($name: String!) { box(
      box: {name: $name, sizes: {width: 1}, ids: [1, "a"], weight: 2, color: RED},
      key: {name: $name}, keys: {id: 1}) }"""
    assert validate(SCHEMA, parse(literal), [LiteralValuesRule]) == []


def _values(depth: int = 2) -> st.SearchStrategy[Any]:
    leaves: st.SearchStrategy[Any] = st.sampled_from([None, True, 1, 1.5, 2**40, "a", "RED", SECRET, {}, []])
    if depth == 0:
        return leaves
    names = st.sampled_from(["name", "color", "sizes", "ids", "weight", "open", "width", "id", SECRET])
    return leaves | st.lists(_values(depth - 1), max_size=2) | st.dictionaries(names, _values(depth - 1), max_size=3)


@given(_values(), _values())
def test_exactly_the_variables_that_graphql_core_refuses_have_errors(box: Any, key: Any) -> None:
    document = "query ($box: Box, $key: Key) { box(box: $box, key: $key) }"
    variables = {"box": box, "key": key}
    refused = {
        name
        for name, value in variables.items()
        if execute_sync(SCHEMA, parse(document), variable_values={name: value}).errors
    }
    if refused:
        assert {path[0] for path, _ in faults(document, variables)} == refused
