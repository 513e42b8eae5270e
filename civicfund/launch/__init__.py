"""`make run` and `make test`: the environment, the embedded servers, the supervisor."""
