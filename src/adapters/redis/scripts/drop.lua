-- Drops pending marks, once each.
-- ARGV[1] what becomes of the order: 'settle' keeps it, 'credit' forgets it and gives its units
-- back, 'forget' forgets it. ARGV[2…] triples: mark, buyer, 11 bytes of the order's id.
-- Reply: how many marks there were.
local what = ARGV[1]
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'shards')
if notLoaded(h[1], h[2], h[3]) then return 0 end
local count, units = 0, 0
for n = 2, #ARGV, 3 do
  local mark = redis.call('HGET', pendingKey, ARGV[n])
  if mark then
    redis.call('HDEL', pendingKey, ARGV[n])
    redis.call('ZREM', dueKey, ARGV[n])
    count = count + 1
    units = units + struct.unpack('>I2', mark, 7)
    if what ~= 'settle' then
      local shard = shardKey(h[1], tonumber(h[4]), ARGV[n + 1])
      local record = redis.call('HGET', shard, ARGV[n + 1]) or ''
      local kept = ''
      for e = 1, #record, 27 do
        local entry = string.sub(record, e, e + 26)
        if string.sub(entry, 11, 21) ~= ARGV[n + 2] then kept = kept .. entry end
      end
      if kept == '' then redis.call('HDEL', shard, ARGV[n + 1])
      else redis.call('HSET', shard, ARGV[n + 1], kept) end
    end
  end
end
if count > 0 then
  redis.call('HINCRBY', stock, 'pending', -count)
  redis.call('HINCRBY', stock, 'pendingUnits', -units)
  if what == 'credit' then
    redis.call('HINCRBY', stock, 'remaining', units)
    redis.call('HINCRBY', stock, 'released', units)
    redis.call('HINCRBY', stock, 'changes', 1)
  end
end
return count
