"""Acts on payouts and on the accounts that they go to."""
