"""The container's Jaeger is the one that the native run builds."""

from compose.check.versions import check_versions
from tests.compose.check.repository import RepositoryCopy


def test_another_jaeger_is_found(repository: RepositoryCopy) -> None:
    repository.change("jaeger:2.13.0", "jaeger:2.14.0")
    (found,) = repository.says(check_versions)
    assert found == "jaeger: runs jaegertracing/jaeger:2.14.0; the native run builds 2.13.0"
