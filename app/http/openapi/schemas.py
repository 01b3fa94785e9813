"""JSON Schemas of the models, as pydantic says them, under names of the document's components."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from app.http.openapi.operation import Form, Operation
from app.http.openapi.refusals import BEHIND_A_KEY, EVERYWHERE, WITH_A_BODY

_NULL: Final = {"type": "null"}
_REFERENCE: Final = "#/components/schemas/{model}"


class _Untitled(GenerateJsonSchema):
    """Without a title for each field, which only repeats its name."""

    def field_title_should_be_set(self, _: Any) -> bool:  # noqa: ANN401  # pydantic's own
        return False


class Schemas:
    """The schemas of all that operations take and answer."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        forms = {_name(form): form for form in _forms(operations)}
        made, extra = TypeAdapter.json_schemas(
            [(name, "validation", TypeAdapter(form)) for name, form in forms.items()],
            ref_template=_REFERENCE,
            schema_generator=_Untitled,
        )
        self._made: dict[str, JsonSchemaValue] = {name: made[name, "validation"] for name in forms}
        self._all: dict[str, Any] = extra.get("$defs", {})
        queries = {_name(operation.query) for operation in operations if operation.query}
        self.definitions = {
            name: schema for name, schema in sorted(self._all.items()) if name not in queries
        }
        """Those that the document refers to."""

    def of(self, form: Form) -> dict[str, Any]:
        """Return the schema of a form, by reference where it has a name."""
        return self._made[_name(form)]

    def fields_of(self, form: Form) -> list[tuple[str, dict[str, Any], bool]]:
        """Return each field of a model: its name, its schema where it is there, if it must be."""
        made = self.of(form)
        schema = self._all[made["$ref"].rpartition("/")[2]] if "$ref" in made else made
        required = schema.get("required", ())
        return [
            (name, _without_null(field), name in required)
            for name, field in schema["properties"].items()
        ]


def _forms(operations: Iterable[Operation]) -> list[Form]:
    forms: list[Form] = [one.body for one in (*EVERYWHERE, *BEHIND_A_KEY, *WITH_A_BODY)]
    for operation in operations:
        forms += [operation.query, operation.body]
        forms += [answer.body for answer in operation.answers]
        forms += [refusal.body for refusal in operation.refusals]
    return [form for form in forms if form is not None]


def _name(form: Form) -> str:
    return str(getattr(form, "__qualname__", form)) if isinstance(form, type) else str(form)


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a query's parameter: it is there or not, and never null."""
    plain = {key: value for key, value in field.items() if key != "anyOf"}
    choices = [one for one in field.get("anyOf", ()) if one != _NULL]
    if plain.get("default", ...) is None:
        del plain["default"]
    return {**plain, **choices[0]} if choices else plain
