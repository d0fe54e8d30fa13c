-- Changes the settings, unless they are as new already. ARGV: version, state, opens, ends,
-- pendingMax; an empty text for no time.
local version = tonumber(redis.call('HGET', stock, 'version') or false)
if not version or version >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', stock, 'version', ARGV[1], 'state', ARGV[2], 'opens', ARGV[3], 'ends', ARGV[4],
  'pendingMax', ARGV[5])
return 1
