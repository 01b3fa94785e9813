"""The variables' values are written into queries as Grafana writes them."""

from dashboards.proof.selection import ALL, Selection, compressed, matrix, rate_seconds, several


def test_special_characters_are_escaped_for_a_pattern_inside_a_string() -> None:
    assert several(["127.0.0.1:9464"]) == r"127\\.0\\.0\\.1:9464"
    assert several(["a.b", "c"]) == r"(a\\.b|c)"


def test_a_selection_fills_every_variable() -> None:
    chosen = Selection("x", job="web", instance="a")

    assert (
        chosen.fill('rate(x_total{job=~"$job", instance=~"$instance"}[$__rate_interval])', 4)
        == 'rate(x_total{job=~"web", instance=~"a"}[4s])'
    )


def test_the_matrix_has_all_one_and_several() -> None:
    found = {choice.title: choice for choice in matrix({"web": ["w:1"], "worker": ["k:2"]})}

    assert found["all"] == ALL
    assert found["all jobs, named"].job == "(web|worker)"
    assert found["instance of worker"].instance == "k:2"
    assert found["job web and its instance"] == Selection(
        "job web and its instance", job="web", instance="w:1"
    )
    assert len(found) == 8


def test_the_rate_interval_holds_four_scrapes_and_passes_none_over() -> None:
    assert rate_seconds(1, 1) == 4
    assert rate_seconds(60, 15) == 75


def test_windows_of_an_objective_are_as_short_as_time_is_compressed() -> None:
    assert compressed("sum_over_time(a[30d]) / b[1h] + rate(c[$__rate_interval])", 60) == (
        "sum_over_time(a[43200s]) / b[60s] + rate(c[$__rate_interval])"
    )
