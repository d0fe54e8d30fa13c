-- Takes what is due, oldest first, and doubles the wait of each.
-- ARGV   before, most orders, first wait, longest wait
-- Reply  in turn a mark and what is known of it
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed')
if notLoaded(h[1], h[2], h[3]) then return {} end
local before, most, at = '(' .. ARGV[1], tonumber(ARGV[2]), now()
local reply, later = {}, {}

-- Takes of one batch; returns how many of its orders it came to.
local function take(marks)
  local known = redis.call('HMGET', pendingKey, unpack(marks))
  for n = 1, #marks do
    if known[n] then
      if most == 0 then return n - 1 end
      reply[#reply + 1] = marks[n]
      reply[#reply + 1] = known[n]
      most = most - 1
    end
  end
  return #marks
end

while most > 0 do
  local found = redis.call('ZRANGEBYSCORE', dueKey, '-inf', before, 'WITHSCORES', 'LIMIT', 0, 1)
  local batch = found[1]
  if not batch then break end
  local marks = marksOf(batch)
  local sweeps = string.byte(batch, 15)
  local looked = take(marks)
  local wait = math.min(ARGV[3] * 2 ^ sweeps, tonumber(ARGV[4]))
  redis.call('ZREM', dueKey, batch)
  if looked < #marks then
    local rest = struct.pack('>I2B', #marks - looked, sweeps)
    redis.call('ZADD', dueKey, found[2], marks[looked + 1] .. rest)
  end
  later[#later + 1] = at + wait
  later[#later + 1] = marks[1] .. struct.pack('>I2B', looked, math.min(sweeps + 1, 255))
end
for n = 1, #later, 2 do redis.call('ZADD', dueKey, later[n], later[n + 1]) end
return reply
