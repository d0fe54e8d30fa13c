-- Drops pending marks; the orders stay known.
-- ARGV   marks, each once
-- Reply  how many of them there were
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed')
if notLoaded(h[1], h[2], h[3]) then return 0 end
local units = 0
for _, known in ipairs(redis.call('HMGET', pendingKey, unpack(ARGV))) do
  if known then units = units + struct.unpack('>I2', known) end
end
if units == 0 then return 0 end
redis.call('HINCRBY', stock, 'pendingUnits', -units)
return redis.call('HDEL', pendingKey, unpack(ARGV))
