"""Every operation on every object against every fault that a network, a vendor or a killed process can have."""
