"""The front: gRPC methods that move bytes, the queue, and the worker processes as it sees them."""
