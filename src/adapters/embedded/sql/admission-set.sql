UPDATE admission SET limits = $limits, version = version + 1
WHERE version = $version
RETURNING version
