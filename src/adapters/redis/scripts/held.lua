-- The pending reservations of one buyer. ARGV: buyer. Reply: pairs of mark and what is known.
local h = redis.call('HMGET', stock, 'buyersEpoch', 'shards')
if not h[1] then return {} end
local record = redis.call('HGET', shardKey(h[1], tonumber(h[2]), ARGV[1]), ARGV[1]) or ''
local reply = {}
for e = 1, #record, 27 do
  local madeUnder, number = struct.unpack('>I2I3', record, e + 16)
  local mark = madeUnder .. ':' .. number
  local known = redis.call('HGET', pendingKey, mark)
  if known then
    reply[#reply + 1] = mark
    reply[#reply + 1] = known
  end
end
return reply
