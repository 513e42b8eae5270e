"""Settling pledges while everything breaks: `make chaos`.

Real servers and real processes of their own; nothing is shared with a running town.
"""
