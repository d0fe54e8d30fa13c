-- Takes tokens of some buckets, each up to what is wanted of it, as takeTokens in
-- domain/rate-limit.ts does: in millionths of a token and microseconds, whole numbers below 2^53.
-- A bucket that is not there is full, and each expires once it is. It is stored as millionths, 6
-- bytes, and when they were counted, 7.
-- KEYS     the buckets
-- ARGV[1]  12 bytes a bucket: tokens a second 4, burst 4, wanted 4
-- ARGV[2]  a clock that was set back by more than these microseconds is believed
-- Reply    {now, then for each bucket: granted, left, microseconds until there is one more}
local TOKEN = 1000000
local at = micros()
local asked, stepMax = ARGV[1], tonumber(ARGV[2])
local stored = redis.call('MGET', unpack(KEYS))
local reply = {at}
for n = 1, #KEYS do
  local perSecond, burst, wanted = struct.unpack('>I4I4I4', asked, n * 12 - 11)
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
  redis.call('SET', KEYS[n], struct.pack('>I6I7', left, since), 'PX', fullIn)
  reply[n * 3 - 1] = granted
  reply[n * 3] = math.floor(left / TOKEN)
  reply[n * 3 + 1] = left < TOKEN and math.ceil((TOKEN - left) / perSecond) or 0
end
return reply
