-- Forgets the note of a transfer that has arrived, unless another one is open by now.
-- ARGV   epoch, bucket they went to, number, units
-- Reply  1, or 0 if there is no such note
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'out:' .. ARGV[2])
if notLoaded(h[1], h[2], h[3]) or h[1] ~= ARGV[1] then return 0 end
if h[4] ~= ARGV[3] .. ':' .. ARGV[4] then return 0 end
redis.call('HDEL', stock, 'out:' .. ARGV[2])
redis.call('HINCRBY', stock, 'changes', 1)
return 1
