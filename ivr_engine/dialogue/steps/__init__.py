"""The kinds of step, one file each."""

from ivr_engine.dialogue.model import Step
from ivr_engine.dialogue.steps.answer import Answer
from ivr_engine.dialogue.steps.ask import Ask
from ivr_engine.dialogue.steps.callback import Callback
from ivr_engine.dialogue.steps.confirm import Confirm
from ivr_engine.dialogue.steps.do import Do
from ivr_engine.dialogue.steps.goodbye import Goodbye
from ivr_engine.dialogue.steps.goto import Goto
from ivr_engine.dialogue.steps.if_ import If
from ivr_engine.dialogue.steps.include import Include
from ivr_engine.dialogue.steps.language import Language
from ivr_engine.dialogue.steps.menu import Menu
from ivr_engine.dialogue.steps.open import Open
from ivr_engine.dialogue.steps.queue import Queue
from ivr_engine.dialogue.steps.say import Say
from ivr_engine.dialogue.steps.set_ import Set
from ivr_engine.dialogue.steps.transfer import Transfer

KINDS: dict[str, type[Step]] = {
    step.kind: step
    for step in (
        *(Say, Open, Menu, Ask, Confirm, Answer, Do, If, Set, Queue, Callback, Transfer, Language, Goto, Include),
        Goodbye,
    )
}
"""Every kind by the word that names it in YAML."""
