-- Stops the bucket until it is loaded under an epoch.
-- ARGV   epoch, how many buckets the sale has
-- Reply  1, or 0 if a higher epoch has been here, or this one has been loaded
local wanted = tonumber(ARGV[1])
local h = redis.call('HMGET', stock, 'epoch', 'sealed')
local stored = tonumber(h[1] or -1)
if stored > wanted or (stored == wanted and not h[2]) then return 0 end
redis.call('HSET', stock, 'epoch', wanted, 'sealed', 1, 'incarnation', incarnation() or '',
  'buckets', ARGV[2])
return 1
