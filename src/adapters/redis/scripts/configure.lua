-- Changes the settings, unless they are as new already or the bucket was never loaded.
-- ARGV   version, then the fields of that version and their values in turn
local version = tonumber(redis.call('HGET', stock, 'version') or false)
if not version or version >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', stock, 'version', ARGV[1], unpack(ARGV, 2))
return 1
