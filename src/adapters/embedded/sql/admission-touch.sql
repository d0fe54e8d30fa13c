UPDATE admission SET version = version + 1
