"""The kinds of step: one file each, registered here."""

from ivr_engine.dialogue.model import Step
from ivr_engine.dialogue.steps.answer import Answer
from ivr_engine.dialogue.steps.ask import Ask
from ivr_engine.dialogue.steps.do import Do
from ivr_engine.dialogue.steps.goodbye import Goodbye
from ivr_engine.dialogue.steps.goto import Goto
from ivr_engine.dialogue.steps.menu import Menu
from ivr_engine.dialogue.steps.queue import Queue
from ivr_engine.dialogue.steps.say import Say

KINDS: dict[str, type[Step]] = {step.kind: step for step in (Say, Menu, Ask, Answer, Do, Queue, Goto, Goodbye)}
"""Every kind by the word that names it in YAML."""
