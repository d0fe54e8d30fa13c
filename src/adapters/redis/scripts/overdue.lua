-- Takes what is due, oldest first, and doubles the wait of each.
-- ARGV   before, most, first wait, longest wait
-- Reply  in turn a mark and what is known of it: quantity 2 bytes, sweeps 1, the text
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed')
if notLoaded(h[1], h[2], h[3]) then return {} end
local at = now()
local due = redis.call('ZRANGEBYSCORE', dueKey, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
local reply = {}
for n = 1, #due do
  local known = redis.call('HGET', pendingKey, due[n])
  local quantity, sweeps = struct.unpack('>I2B', known)
  local wait = math.min(ARGV[3] * 2 ^ sweeps, tonumber(ARGV[4]))
  known = struct.pack('>I2B', quantity, math.min(sweeps + 1, 255)) .. string.sub(known, 4)
  redis.call('HSET', pendingKey, due[n], known)
  redis.call('ZADD', dueKey, at + wait, due[n])
  reply[2 * n - 1] = due[n]
  reply[2 * n] = known
end
return reply
