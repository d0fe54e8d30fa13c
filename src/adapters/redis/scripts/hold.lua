-- Adds live orders of the ledger to a sealed and filled bucket; again without effect.
-- ARGV   epoch, 40 bytes an order: buyer's hash 12, entry 28
-- Reply  1, or 0 if it is not sealed under this epoch
if not sealedUnder(ARGV[1]) then return 0 end
local shards = tonumber(redis.call('HGET', stock, 'shards'))
local prefix = shardsOf(ARGV[1])
for from = 1, #ARGV[2], 12 + ENTRY do
  local field = string.sub(ARGV[2], from, from + 11)
  local entry = string.sub(ARGV[2], from + 12, from + 11 + ENTRY)
  local shard = prefix .. shardOf(field, shards)
  local record = redis.call('HGET', shard, field) or ''
  local known = false
  for e = 1, #record, ENTRY do
    if string.sub(record, e, e + ENTRY - 1) == entry then known = true end
  end
  if not known then redis.call('HSET', shard, field, record .. entry) end
end
return 1
