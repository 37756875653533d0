"""Every channel variable the engine reads or sets, named once."""

from typing import Final

IVR_CONTACT: Final = "IVR_CONTACT"
"""Set when the call arrives: the contact's id, for the dialplan's own log lines."""

IVR_DONE: Final = "IVR_DONE"
"""Set by the engine's last command: the contact's id. While it is empty the dialplan's fall-back takes the caller over."""

IVR_QUEUE: Final = "IVR_QUEUE"
"""Where the dialplan's fall-back takes the caller; set by the dialplan, and by the engine when the caller changes line."""

LANGUAGE: Final = "CHANNEL(language)"
"""Where sounds are taken from: "it", "en"."""

QUEUE_PRIORITY: Final = "QUEUE_PRIO"
"""Read by Queue() at entry: the higher, the earlier."""

QUEUE_STATUS: Final = "QUEUESTATUS"
"""Why Queue() came back without a talk: TIMEOUT, FULL, JOINEMPTY, LEAVEEMPTY, JOINUNAVAIL, LEAVEUNAVAIL, CONTINUE, WITHDRAW."""

ABANDONED: Final = "ABANDONED"
"""TRUE when the caller hung up while waiting."""

QUEUE_WAIT: Final = "QUEUEWAIT"
"""Whole seconds waited in the queue."""

ANSWERED_TIME: Final = "ANSWEREDTIME"
"""Whole seconds talked to an operator; unset when there was no talk."""

MEMBER_NAME: Final = "MEMBERNAME"
"""The operator who answered, where the queue has setinterfacevar=yes."""

HANGUP_SIGNAL: Final = "AGISIGHUP"
""""no" keeps Asterisk from writing HANGUP lines; the engine works with it and without."""

DIAL_STATUS: Final = "DIALSTATUS"
"""How Dial() went: ANSWER, BUSY, NOANSWER, CANCEL (the caller hung up first), CONGESTION, CHANUNAVAIL …"""

TRANSFER_RESULTS: Final = (DIAL_STATUS, ANSWERED_TIME)
"""What Dial() leaves behind."""

QUEUE_RESULTS: Final = (QUEUE_STATUS, ABANDONED, QUEUE_WAIT, ANSWERED_TIME)
"""What a stay in a queue leaves behind, and the next one must not inherit."""
