-- Drops pending marks and forgets their orders, each once; its request key is free again.
-- ARGV   1 if the units go back to stock, else 0; then in turn a mark and its buyer's hash
-- Reply  how many of the marks there were
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'shards')
if notLoaded(h[1], h[2], h[3]) then return 0 end
local prefix, shards = shardsOf(h[1]), tonumber(h[4])

local function forget(field, mark)
  local shard = prefix .. shardOf(field, shards)
  local record = redis.call('HGET', shard, field) or ''
  local rest = ''
  for e = 1, #record, ENTRY do
    if string.sub(record, e + 16, e + 27) ~= mark then
      rest = rest .. string.sub(record, e, e + ENTRY - 1)
    end
  end
  if rest == '' then redis.call('HDEL', shard, field)
  else redis.call('HSET', shard, field, rest) end
end

local count, units = 0, 0
for n = 2, #ARGV, 2 do
  local known = redis.call('HGET', pendingKey, ARGV[n])
  if known then
    redis.call('HDEL', pendingKey, ARGV[n])
    forget(ARGV[n + 1], ARGV[n])
    count = count + 1
    units = units + struct.unpack('>I2', known)
  end
end
if count == 0 then return 0 end
redis.call('HINCRBY', stock, 'pendingUnits', -units)
if ARGV[1] == '1' then
  redis.call('HINCRBY', stock, 'remaining', units)
  redis.call('HINCRBY', stock, 'released', units)
  redis.call('HINCRBY', stock, 'changes', 1)
end
return count
