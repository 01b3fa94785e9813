"""Check that the Dockerfile would build what was meant, from what is in the repository."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from compose.check.dockerfile import Instruction, final_user, instructions, is_plain_user
from compose.check.findings import Finding
from compose.check.ignore import IgnoreRules
from compose.check.images import pin_fault
from compose.check.project import DOCKERFILE, Project

_ONLY_FOR_DRILLS: Final = (
    "compose/faults",
    "compose/drill",
    "compose/demo",
    "compose/incident",
    "compose/tour",
)


def check_image_build(project: Project) -> Iterator[Finding]:
    """Yield each base that moves, source that is missing, install without hashes, and root."""
    text = (project.root / DOCKERFILE).read_text(encoding="utf-8")
    steps = tuple(instructions(text))
    sources = (*_sources(project, steps), *_only_for_drills(project, steps))
    for fault in (*_bases(steps), *sources, *_installs(project, steps)):
        yield Finding(DOCKERFILE, fault)
    user = final_user(text)
    if user is None or not is_plain_user(user):
        yield Finding(DOCKERFILE, f"ends with user {user or 'root'}: give a number that is not 0")


def check_commands(project: Project) -> Iterator[Finding]:
    """Yield each command of our image that names no package which can be run."""
    for service in project.services.values():
        if service.repository != project.definition["name"]:
            continue
        package = service.command[0] if service.command else ""
        if not (project.root / package / "__main__.py").is_file():
            yield Finding(service.name, f"runs {package or 'nothing'}, which is no package to run")


def _bases(steps: tuple[Instruction, ...]) -> Iterator[str]:
    stages: set[str] = set()
    for step in steps:
        if step.word != "FROM":
            continue
        image, *rest = step.arguments
        if image not in stages | {"scratch"} and (fault := pin_fault(image)):
            yield fault
        stages.update(rest[1:])


def _sources(project: Project, steps: tuple[Instruction, ...]) -> Iterator[str]:
    ignored = project.root / f"{DOCKERFILE}.dockerignore"
    rules = IgnoreRules.of(ignored.read_text(encoding="utf-8"))
    for step in steps:
        if step.word not in {"COPY", "ADD"} or any(f.startswith("--from=") for f in step.flags):
            continue
        for source in step.arguments[:-1]:
            if not (project.root / source).exists():
                yield f"copies {source}, which does not exist"
            elif not any(rules.sees(path) for path in _files(project.root, source)):
                yield f"copies {source}, which {ignored.name} hides"


def _only_for_drills(project: Project, steps: tuple[Instruction, ...]) -> Iterator[str]:
    ignored = project.root / f"{DOCKERFILE}.dockerignore"
    rules = IgnoreRules.of(ignored.read_text(encoding="utf-8"))
    copied = {
        word for step in steps if step.word in {"COPY", "ADD"} for word in step.arguments[:-1]
    }
    for folder in _ONLY_FOR_DRILLS:
        is_copied = any(folder == word or folder.startswith(f"{word}/") for word in copied)
        if is_copied and any(rules.sees(path) for path in _files(project.root, folder)):
            yield f"copies {folder}, which breaks a service on purpose or shows how"


def _files(root: Path, source: str) -> Iterator[str]:
    path = root / source
    found = path.rglob("*") if path.is_dir() else [path]
    return (str(file.relative_to(root)) for file in found if file.is_file())


def _installs(project: Project, steps: tuple[Instruction, ...]) -> Iterator[str]:
    for step in steps:
        words = step.arguments
        if step.word != "RUN" or "pip" not in words or "install" not in words:
            continue
        if "--require-hashes" not in words:
            yield "installs without --require-hashes"
    copied = (word for step in steps if step.word == "COPY" for word in step.arguments[:-1])
    for lock in (project.root / word for word in copied if word.endswith(".txt")):
        if lock.is_file() and "--hash=sha256:" not in lock.read_text(encoding="utf-8"):
            yield f"installs {project.relative(lock)}, which has no hashes"
