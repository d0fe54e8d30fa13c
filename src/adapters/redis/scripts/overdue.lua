-- Takes what is due, and doubles the wait of each. ARGV: before, most, first wait, longest wait.
-- Reply: pairs of mark and what is known of it.
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed')
if notLoaded(h[1], h[2], h[3]) then return {} end
local at = now()
local due = redis.call('ZRANGEBYSCORE', dueKey, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
local reply = {}
for n = 1, #due do
  local mark = due[n]
  local known = redis.call('HGET', pendingKey, mark)
  if known then
    local sweeps = struct.unpack('>I1', known, 9)
    local wait = math.min(tonumber(ARGV[3]) * 2 ^ sweeps, tonumber(ARGV[4]))
    local more = string.sub(known, 1, 8) .. struct.pack('>I1', math.min(sweeps + 1, 255))
    redis.call('HSET', pendingKey, mark, more .. string.sub(known, 10))
    redis.call('ZADD', dueKey, at + wait, mark)
    reply[#reply + 1] = mark
    reply[#reply + 1] = known
  else
    redis.call('ZREM', dueKey, mark)
  end
end
return reply
