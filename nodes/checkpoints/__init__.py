"""Files of published weights: what they hold, which model it is, and how their tensors reach our networks."""
