"""The lines this package ships, one folder each; imported as `ivr_plugins`."""
