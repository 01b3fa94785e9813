"""The incident report: what a drill recorded, as one HTML page for a stranger to read.

    record (JSON) -> reading -> a section each: story, timeline, letters, boards, trace, log,
    budget -> page -> build/drill/<fault>.html

A page has no script, no asset and no address to ask; `elements` escapes whatever was recorded.
"""
