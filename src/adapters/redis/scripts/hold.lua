-- Adds live orders of the ledger to a bucket that is being loaded; again without effect.
-- ARGV: epoch, then one text of 39 bytes an order: buyer 12, entry 27. Reply: 1, or 0 if stale.
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'shards')
if h[1] ~= ARGV[1] or not h[3] or h[2] ~= incarnation() then return 0 end
local shards = tonumber(h[4])
local all = ARGV[2]
for from = 1, #all, 39 do
  local field = string.sub(all, from, from + 11)
  local entry = string.sub(all, from + 12, from + 38)
  local shard = shardKey(h[1], shards, field)
  local record = redis.call('HGET', shard, field) or ''
  local known = false
  for e = 1, #record, 27 do
    if string.sub(record, e, e + 26) == entry then known = true end
  end
  if not known then redis.call('HSET', shard, field, record .. entry) end
end
return 1
