SELECT limits, version FROM admission
