-- Finds the pending reservations of one buyer.
-- ARGV   the buyer's hash
-- Reply  in turn a mark and what is known of it
local h = redis.call('HMGET', stock, 'buyersEpoch', 'shards')
if not h[1] then return {} end
local shard = shardsOf(h[1]) .. shardOf(ARGV[1], tonumber(h[2]))
local record = redis.call('HGET', shard, ARGV[1]) or ''
local reply = {}
for e = 1, #record, ENTRY do
  local mark = string.sub(record, e + 16, e + 27)
  local known = redis.call('HGET', pendingKey, mark)
  if known then
    reply[#reply + 1] = mark
    reply[#reply + 1] = known
  end
end
return reply
