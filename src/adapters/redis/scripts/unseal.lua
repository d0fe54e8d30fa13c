-- Ends a load: the bucket sells. ARGV: epoch. Reply: 1, or 0 if stale.
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed')
if h[1] ~= ARGV[1] or not h[3] or h[2] ~= incarnation() then return 0 end
redis.call('HDEL', stock, 'sealed')
return 1
