"""Pieces of Prometheus' template language, for annotations that carry numbers as they are now."""


def number(query: str, pipeline: str, otherwise: str = "") -> str:
    """Return a template that puts the query's first value through `pipeline`, if it has one."""
    shown = f"{{{{ . | first | value | {pipeline} }}}}"
    other = f"{{{{ else }}}}{otherwise}" if otherwise else ""
    return f"{{{{ with query `{query}` }}}}{shown}{other}{{{{ end }}}}"


def label(query: str, name: str) -> str:
    """Return a template for the label `name` of the query's first series."""
    return f"{{{{ with query `{query}` }}}}{{{{ . | first | label `{name}` }}}}{{{{ end }}}}"


def either(query: str, when_found: str, when_empty: str) -> str:
    """Return a template that is one text when the query finds something, else the other."""
    return f"{{{{ if query `{query}` }}}}{when_found}{{{{ else }}}}{when_empty}{{{{ end }}}}"


def time_before(seconds: int, units_per_second: int) -> str:
    """Return a template for the time `seconds` ago, since the Unix epoch, as a whole number."""
    return number(f"(time() - {seconds}) * {units_per_second}", 'printf "%.0f"')
