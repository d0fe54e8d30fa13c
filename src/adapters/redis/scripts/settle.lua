-- Drops pending marks; the orders stay known.
-- ARGV   marks
-- Reply  how many of them there were
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed')
if notLoaded(h[1], h[2], h[3]) then return 0 end
local known = redis.call('HMGET', pendingKey, unpack(ARGV))
local count, units = 0, 0
for n = 1, #known do
  -- A mark that is named twice counts once.
  if known[n] and redis.call('HDEL', pendingKey, ARGV[n]) == 1 then
    count = count + 1
    units = units + struct.unpack('>I2', known[n])
  end
end
if count == 0 then return 0 end
redis.call('ZREM', dueKey, unpack(ARGV))
redis.call('HINCRBY', stock, 'pendingUnits', -units)
return count
