"""What front and worker share: the pipe between them, its envelopes, the methods and the reasons."""
