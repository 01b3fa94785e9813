"""From declarations to files: the one place that knows which file holds what."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from alerts import (
    alertmanager,
    audit,
    burn_rate,
    caches,
    causes,
    clients,
    dependencies,
    monitoring,
    processes,
    reports,
    telemetry,
    yaml_file,
)
from alerts.cases import document as case_document
from alerts.clock import Clock
from alerts.kubernetes import files as kubernetes
from alerts.links import Links
from alerts.receivers import Receivers
from alerts.rules import Group, alerts_of
from alerts.runbooks_frame import with_frames
from app.objectives import OBJECTIVES

HERE: Final = Path(__file__).parent
GENERATED: Final = HERE / "generated"
RUNBOOKS: Final = HERE / "runbooks"

RULES: Final = "rules.yaml"
ALERTMANAGER: Final = "alertmanager.yaml"
TESTS: Final = "tests.yaml"


@dataclass(frozen=True, slots=True)
class Options:
    """What may differ between runs; the defaults are what is committed."""

    clock: Clock = field(default_factory=Clock)
    links: Links = field(default_factory=Links)
    receivers: Receivers = field(default_factory=Receivers)


def groups(options: Options) -> tuple[Group, ...]:
    """Return every rule group."""
    of_objectives = (
        group
        for objective in OBJECTIVES
        for group in (
            burn_rate.recordings(objective, options.clock),
            burn_rate.alerts(objective, options.clock, options.links),
        )
    )
    return (
        *of_objectives,
        causes.group(options.clock, options.links),
        telemetry.group(options.clock, options.links),
        audit.group(options.clock, options.links),
        caches.group(options.clock, options.links),
        dependencies.group(options.clock, options.links),
        reports.group(options.clock, options.links),
        monitoring.group(options.clock, options.links),
        processes.group(options.clock, options.links),
        clients.group(options.clock, options.links),
    )


def generate(options: Options) -> dict[str, str]:
    """Return the files that Prometheus and Alertmanager read, by name."""
    rules = {"groups": [group.document() for group in groups(options)]}
    configuration = alertmanager.configuration(options.clock, options.receivers)
    template = (HERE / alertmanager.MAIL_TEMPLATE).read_text(encoding="utf-8")
    return {
        RULES: yaml_file.render(rules),
        ALERTMANAGER: yaml_file.render(configuration),
        alertmanager.MAIL_TEMPLATE: template,
    }


def objects(options: Options) -> dict[str, str]:
    """Return the same as objects of Kubernetes, by the name of the file."""
    configuration = alertmanager.configuration(options.clock, options.receivers)
    template = (HERE / alertmanager.MAIL_TEMPLATE).read_text(encoding="utf-8")
    return kubernetes.files(groups(options), configuration, template, options.clock)


def committed() -> dict[Path, str]:
    """Return every file that is kept in the repository, with the text it must have."""
    options = Options()
    files = {**generate(options), **objects(options)}
    generated = {GENERATED / name: text for name, text in files.items()}
    tests = yaml_file.render(case_document(RULES, groups(options), options.clock, options.links))
    pages = with_frames(alerts_of(groups(options)), RUNBOOKS)
    return {**generated, GENERATED / TESTS: tests, **pages}


def write(files: dict[Path, str]) -> None:
    """Write the files, folders too."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
