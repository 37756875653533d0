"""The main number: the caller picks a theme and goes on to its line. All of it is data; nothing to compute."""
