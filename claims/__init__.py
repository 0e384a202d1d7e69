"""A fault is answered, repaired, paid for, and shared: for owners, the lead, the followers and the bureau."""
