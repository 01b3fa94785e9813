"""The whole service under an open-loop load: `python -m bench load` (docs/load.md).

mix      what is asked                    client       when, and how late each answer was
rig      the platform, with replicas      utilisation  what was busy meanwhile
knee     the steps and what they say      exactness    the platform's counts against the client's
results  all of it as JSON and tables     command      the command
"""
