"""Look into memories: what slots hold and which of them a question reads."""
