-- Takes tokens of some buckets, each up to what is wanted of it, as takeTokens in
-- domain/rate-limit.ts does: in millionths of a token and microseconds, whole numbers below 2^53.
-- A bucket that is not there is full, and each expires once it is. It is stored as millionths, 6
-- bytes, and when they were counted, 7; under an adaptive rate also what it is lowered to, 4 (0:
-- nothing), and how many tokens it gave in all, 6.
-- KEYS     the buckets
-- ARGV[1]  20 bytes a bucket: tokens a second 4, burst 4, wanted 4, the floor of an adaptive rate
--          4 (0: it is not, and what it was lowered to is forgotten), what to lower it to 4 (0:
--          leave)
-- ARGV[2]  a clock that was set back by more than these microseconds is believed
-- ARGV[3]  milliseconds that a lowered rate is kept
-- Reply    {now, then for each bucket: granted, left, microseconds until there is one more,
--          tokens a second from now on, tokens given in all}
local TOKEN = 1000000
local at = micros()
local asked, stepMax, kept = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('MGET', unpack(KEYS))
local reply = {at}
for n = 1, #KEYS do
  local ceiling, most, wanted, floor, lower = struct.unpack('>I4I4I4I4I4', asked, n * 20 - 19)
  local perSecond, burst, adapted, sum = ceiling, most, 0, 0
  if stored[n] and floor > 0 and #stored[n] > 13 then
    adapted, sum = struct.unpack('>I4I6', stored[n], 14)
  end
  if adapted > 0 then
    perSecond = math.min(math.max(adapted, floor), ceiling)
    burst = math.ceil(most * perSecond / ceiling)
  end
  local capacity = burst * TOKEN
  local held, since = capacity, at
  if stored[n] then held, since = struct.unpack('>I6I7', stored[n]) end
  if held > capacity then held = capacity end
  local elapsed = at - since
  if elapsed < -stepMax then
    since = at
  elseif elapsed > 0 then
    since = at
    if elapsed >= (capacity - held) / perSecond then held = capacity
    else held = held + elapsed * perSecond end
  end
  local granted = math.min(wanted, math.floor(held / TOKEN))
  local left = held - granted * TOKEN
  -- A millisecond more, since the expiry counts in those and its clock stands still meanwhile.
  local fullIn = math.ceil((capacity - left) / perSecond / 1000) + 1
  local text = struct.pack('>I6I7', left, since)
  if floor > 0 then
    sum = sum + granted
    if lower > 0 then
      adapted = lower
      perSecond = math.min(math.max(adapted, floor), ceiling)
    end
    text, fullIn = text .. struct.pack('>I4I6', adapted, sum), math.max(fullIn, kept)
  end
  redis.call('SET', KEYS[n], text, 'PX', fullIn)
  local last = n * 5 + 1
  reply[last - 4] = granted
  reply[last - 3] = math.floor(left / TOKEN)
  reply[last - 2] = left < TOKEN and math.ceil((TOKEN - left) / perSecond) or 0
  reply[last - 1] = perSecond
  reply[last] = sum
end
return reply
