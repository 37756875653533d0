"""The web console: operators, back office, tutors, supervisors, knowledge manager, Ministry and administrators work here.

`routes` lists every page with who may see it, `app` serves them, `pages/` holds what they do, one file per area.
"""
