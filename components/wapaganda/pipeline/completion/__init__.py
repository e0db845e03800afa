"""Complete a data set: audit the model's labels of the texts that nobody has labelled, and accept them."""
