"""Acts of people who talk."""

from civicfund.talk.services.comments import (
    delete_comment,
    edit_comment,
    forget_author,
    write_comment,
)
from civicfund.talk.services.errors import TalkError

__all__ = ["TalkError", "delete_comment", "edit_comment", "forget_author", "write_comment"]
