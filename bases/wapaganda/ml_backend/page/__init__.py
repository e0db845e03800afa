"""The live page: what people see of the server in a browser, and what they may do there."""
