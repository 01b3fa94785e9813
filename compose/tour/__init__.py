"""A guided walk through one incident, in the terminal: `python -m compose tour`.

    record -> steps (what there is to see) -> quiz (which cause?) -> guide (asks, or prints it all)

The record is a drill's, or the sample that ships, which a drill wrote and `sample` made small.
"""
