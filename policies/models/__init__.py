"""Language models behind one protocol: a local engine, remote endpoints, tiny ones from scratch."""
