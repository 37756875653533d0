"""The media wire: what a caller says and hears, in frames of 20 ms, on a connection of its own beside FastAGI."""
