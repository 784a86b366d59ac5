// placeholder until the first entry points exist
