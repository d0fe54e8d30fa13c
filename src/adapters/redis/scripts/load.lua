-- Fills a sealed bucket, which stays sealed.
-- ARGV: epoch, shards, then pairs of field and value.
-- Reply: false if it is not sealed under this epoch, else {epoch, shards} of the buyers it had.
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'buyersEpoch', 'shards')
if h[1] ~= ARGV[1] or not h[3] or h[2] ~= incarnation() then return false end
redis.call('DEL', stock, pendingKey, dueKey)
redis.call('HSET', stock, 'epoch', h[1], 'incarnation', h[2], 'sealed', 1, 'buyersEpoch', h[1],
  'shards', ARGV[2], unpack(ARGV, 3))
return {h[4] or '', h[5] or '0'}
