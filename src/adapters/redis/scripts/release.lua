-- Drops pending marks and forgets their orders, each once; its request key is free again.
-- ARGV   1 if the units go back to stock, else 0; then in turn a mark and its buyer's hash
-- Reply  how many of the marks there were
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'pages')
if notLoaded(h[1], h[2], h[3]) then return 0 end
local prefix, pages = pagesOf(h[1]), tonumber(h[4])

local function forget(field, mark)
  local name = prefix .. pageOf(field, pages)
  local page = redis.call('GET', name) or ''
  local at = findRecord(page, mark, RECORD - 12, 1)
  if not at then return end
  redis.call('SET', name, string.sub(page, 1, at - 1) .. string.sub(page, at + RECORD))
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
