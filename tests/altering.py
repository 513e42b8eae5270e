"""What somebody bent on the way.

A fixed ending, such as a zero, is now and then the ending that was there, and then nothing was
altered: one run in 256 fails for nothing. These always give another.
"""


def bent(text: str) -> str:
    """*text* with another last letter, of those that every code and address here may hold."""
    return text[:-1] + ("x" if text[-1] != "x" else "y")


def bent_bytes(content: bytes) -> bytes:
    """*content* with the lowest bit of its last byte turned over."""
    return content[:-1] + bytes([content[-1] ^ 1])
