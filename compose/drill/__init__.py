"""`make drill`: breaks the platform in every way of the catalogue, and scores who noticed.

`running` leads through the incidents, `watch` takes down what people and Prometheus are told,
`record` is what stays of an incident, `scorecard` the figures of all.
"""
