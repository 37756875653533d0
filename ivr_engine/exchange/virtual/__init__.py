"""The built-in exchange: calls, queues and operators without an Asterisk, over the same FastAGI wire."""
