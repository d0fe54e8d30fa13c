-- Stops the bucket until it is loaded under an epoch.
-- ARGV: epoch. Reply: 1, or 0 if a higher epoch has been here, or this one has been loaded.
local epoch = tonumber(ARGV[1])
local h = redis.call('HMGET', stock, 'epoch', 'sealed')
local stored = tonumber(h[1] or '-1')
if stored > epoch or (stored == epoch and not h[2]) then return 0 end
redis.call('HSET', stock, 'epoch', epoch, 'sealed', 1, 'incarnation', incarnation())
return 1
