"""Acts on campaigns and pledges: one module per subject, one function per act."""
