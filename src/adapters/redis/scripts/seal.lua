-- Stops the bucket until it is loaded under an epoch.
-- ARGV   epoch, how many buckets the sale has, token of the lock under which it is sold or ''
-- Reply  1, 0 if a higher epoch has been here, or this one has been loaded, or -1 if a higher token
--        has been here
local wanted = tonumber(ARGV[1])
local h = redis.call('HMGET', stock, 'epoch', 'sealed', 'fence')
local stored = tonumber(h[1] or -1)
if stored > wanted or (stored == wanted and not h[2]) then return 0 end
local token = tonumber(ARGV[3])
if token and token < tonumber(h[3] or 0) then return -1 end
if token then redis.call('HSET', stock, 'fence', ARGV[3]) end
redis.call('HSET', stock, 'epoch', wanted, 'sealed', 1, 'incarnation', incarnation() or '',
  'buckets', ARGV[2])
return 1
