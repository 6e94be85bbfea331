"""The way to a service and back: values as messages, the channel with its security, and streams."""
