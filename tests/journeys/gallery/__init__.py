"""The scenes of the gallery: for each starter what every sample comes to, in a module of its name."""
