"""Networks: the projector, the query encoder, the writer and the injection of soft-prompt rows."""
