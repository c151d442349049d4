"""Errors of documents contain no name or value that the client wrote, and keep the names of the schema."""

import asyncio

import pytest
from graphql import GraphQLError, GraphQLSyntaxError

from schema.admission.documents import Documents, InvalidDocument
from schema.admission.limits import DEFAULT_LIMITS
from schema.execute import graphql_schema
from schema.schema import schema
from tests.support.api_client import ORGANIZATION


def errors_of(document: str) -> list[GraphQLError]:
    try:
        asyncio.run(Documents(graphql_schema(schema), DEFAULT_LIMITS).read(document, ORGANIZATION))
    except InvalidDocument as invalid:
        return invalid.errors
    except GraphQLSyntaxError as error:
        return [error]
    return []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ viewer { Zephyrine: nothing } }", "Cannot query field '…' on type 'Viewer'."),
        ("{ viewer { organisationId } }", "Cannot query field '…' on type 'Viewer'. Did you mean 'organizationId'?"),
        ("{ viewer { id(Zephyrine: 1) } }", "Unknown argument '…' on field 'Viewer.id'."),
        ("{ viewer { ...Zephyrine } }", "Unknown fragment '…'."),
        ("{ viewer { id } } fragment Zephyrine on Viewer { id }", "Fragment '…' is never used."),
        (
            "{ ...Zephyrine } fragment Zephyrine on Query { ...B } fragment B on Query { ...Zephyrine }",
            "Cannot spread fragment '…' within itself via '…'.",
        ),
        (
            "{ viewer { ...Zephyrine } } fragment Zephyrine on Patient { id }",
            "Fragment '…' cannot be spread here as objects of type 'Viewer' can never be of type 'Patient'.",
        ),
        ("{ viewer { ... on Zephyrine { id } } }", "Unknown type '…'."),
        ("query Zephyrine($Zephyrine: Int) { viewer { id } }", "Variable '…' is never used in operation '…'."),
        ("query Zephyrine { node(id: $Zephyrine) { id } }", "Variable '…' is not defined by operation '…'."),
        (
            "query ($Zephyrine: Int) { node(id: $Zephyrine) { id } }",
            "Variable '…' of type 'Int' used in position expecting type 'ID!'.",
        ),
        (
            "query Zephyrine { viewer { id } } query Zephyrine { viewer { id } }",
            "There can be only one operation named '…'.",
        ),
        ("{ viewer @Zephyrine { id } }", "Unknown directive '…'."),
        ("{ viewer @skip(if: true, Zephyrine: 1) { id } }", "Unknown argument '…' on directive '@skip'."),
        (
            "{ viewer { Zephyrine: id Zephyrine: organizationId } }",
            "Fields '…' conflict because 'id' and 'organizationId' are different fields.",
        ),
        ("type Zephyrine { id: ID } { viewer { id } }", "The '…' definition is not executable."),
        ('{ groupDefinitions(first: "Zephyrine") { totalCount } }', "Expected an integer between"),
        ("{ groupDefinitions(filter: {Zephyrine: 1}) { totalCount } }", "'GroupDefinitionFilter' does not have this"),
        ("{ groupDefinitions(filter: {groupType: Zephyrine}) { totalCount } }", "Expected one of THERAPY, "),
    ],
)
def test_a_validation_error_names_only_what_is_in_the_schema(document: str, message: str) -> None:
    [error] = errors_of(document)
    assert error.message.startswith(message)
    assert error.locations


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("Zephyrine", "Unexpected Name '…'."),
        ("{ viewer(a: Zephyrine b) }", "Expected ':', found ')'."),
        ('query A "Zephyrine" { id }', "Expected '{', found String '…'."),
        ("""{ viewer { id "it's ' Zephyrine" } }""", "Expected Name, found String '…'."),
        ("query ($a: Int = $Zephyrine) { id }", "Unexpected variable '…' in constant value."),
        ("{ a(b: 1.Zephyrine) }", "Invalid number, expected digit but got: '…'."),
        ("{ a(b: .19310713) }", "Invalid number, expected digit before '.', did you mean '…'?"),
        ("""{ a(b: "\\u1'Zephyrine") }""", "Invalid Unicode escape sequence: '…'."),
        ("{ viewer { id ", "Expected Name, found <EOF>."),
        ("fragment on on Zephyrine { id }", "Unexpected Name 'on'."),
        ("{ ..Zephyrine }", "Unexpected '..', did you mean '...'?"),
    ],
)
def test_a_syntax_error_has_the_expected_token_and_no_text(document: str, message: str) -> None:
    [error] = errors_of(document)
    assert error.message == f"Syntax Error: {message}"
    assert error.locations


def test_a_valid_document_has_no_errors() -> None:
    assert errors_of("query Zephyrine { viewer { Zephyrine: id } }") == []
