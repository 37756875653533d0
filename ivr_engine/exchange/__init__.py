"""What switches the calls: one interface, two exchanges."""
