"""The platform on one machine without containers: every part a plain process.

provision/  obtains what is missing        tools       says where a binary is
render      native copy of the containers' configuration
parts/      one module a part: its command, environment, readiness and stop
supervisor  starts and stops parts in order; `guard` ends them if we cannot
run         the platform as an object      commands    `python -m compose up | down`
"""
