-- Changes the settings, unless they are as new already or the bucket was never loaded. In a bucket
-- that is sealed they wait for the load, whose own may be older.
-- ARGV   version, then the fields of that version and their values in turn
local h = redis.call('HMGET', stock, 'version', 'sealed')
local version = tonumber(h[1] or (h[2] and -1))
if not version or version >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', stock, 'version', ARGV[1], unpack(ARGV, 2))
return 1
