"""What turns history into gradients: features, examples, losses, fit and train."""
