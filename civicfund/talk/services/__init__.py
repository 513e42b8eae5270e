"""Acts of people who talk, and of those who look after it."""

from civicfund.talk.services.comments import (
    answer_for_city,
    begin_thread,
    correct_words,
    delete_comment,
    edit_comment,
    forget_author,
    write_comment,
)
from civicfund.talk.services.errors import TalkError
from civicfund.talk.services.following import (
    follow,
    let_follow,
    mark_read,
    read_notice,
    set_pace,
    unfollow,
    unfollow_thread,
)
from civicfund.talk.services.moderating import (
    appeal_hiding,
    decide_appeal,
    dismiss_flags,
    flag_comment,
    hide_comment,
    restore_comment,
    why_for_another,
)
from civicfund.talk.services.pausing import appeal_pause, decide_pause, end_pause, pause_writing

__all__ = [
    "TalkError",
    "answer_for_city",
    "appeal_hiding",
    "appeal_pause",
    "begin_thread",
    "correct_words",
    "decide_appeal",
    "decide_pause",
    "delete_comment",
    "dismiss_flags",
    "edit_comment",
    "end_pause",
    "flag_comment",
    "follow",
    "forget_author",
    "hide_comment",
    "let_follow",
    "mark_read",
    "pause_writing",
    "read_notice",
    "restore_comment",
    "set_pace",
    "unfollow",
    "unfollow_thread",
    "why_for_another",
    "write_comment",
]
