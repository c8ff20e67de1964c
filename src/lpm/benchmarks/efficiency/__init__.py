"""What methods take at a size: parameters, bytes, operations, and the time of a request."""
