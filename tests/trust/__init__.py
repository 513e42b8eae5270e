"""The promises of the vote, each tried beside a control that has to fail: `make trust`.

Real servers and real processes of their own; nothing is shared with a running town.
"""
