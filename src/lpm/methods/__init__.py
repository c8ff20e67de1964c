"""One contract for everything that is evaluated: latent memory and every baseline."""
