"""How to talk to carriers: the kernel that every carrier shares, and one module per carrier."""
