-- Decides a batch of requests, in order, as decideReserve in domain/reservation.ts does.
-- ARGV[1]  how many requests
-- ARGV[2]  the bucket
-- ARGV[3]  30 bytes a request: buyer's hash 12, request key's hash 10, fingerprint's hash 4,
--          quantity 2, length of its text 2
-- ARGV[4]  the texts one after the other: quantity 2 bytes, then what a sweep needs besides to
--          append the order again
-- Reply    {text} if it is not loaded, else {now, epoch, version, outcome…}; an outcome is the
--          sequence of a reservation, a negative refusal, or 13 bytes of a known order: its mark,
--          then '1' if it is pending, else '0'.
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'state', 'opens', 'ends',
  'limit', 'pendingMax', 'version', 'remaining', 'seq', 'shards', 'pendingUnits', 'changes')
local why = notLoaded(h[1], h[2], h[3])
if why then return {why} end

local call, sub, byte = redis.call, string.sub, string.byte
local unpackBytes, packBytes = struct.unpack, struct.pack
local at = now()
local epoch, state, opens, ends = tonumber(h[1]), h[4], tonumber(h[5]), tonumber(h[6])
local limit, pendingMax = tonumber(h[7]), tonumber(h[8])
local remaining, seq, shards = tonumber(h[10]), tonumber(h[11]), tonumber(h[12])
local pending = call('HLEN', pendingKey)
local prefix = shardsOf(h[1])

local closed = nil
if state == 'closed' or (ends and at >= ends) then closed = -4
elseif state == 'paused' then closed = -3
elseif state == 'scheduled' and not (opens and at >= opens) then closed = -2
end

local marks, taken = {}, 0
-- Every mark of this batch starts so; they are written at its end.
local idHead, firstSeq = packBytes('>I6BI2', at, tonumber(ARGV[2]), epoch), seq

local function isPending(mark)
  local place = (unpackBytes('>I3', mark, 10) - firstSeq) % 16777216
  if place < taken and sub(mark, 1, 9) == idHead then return true end
  return call('HEXISTS', pendingKey, mark) == 1
end

-- What the record says about the key, or nil and the units held. `asked` begins as an entry does.
local function known(record, asked)
  local key, held = sub(asked, 1, 10), 0
  for e = 1, #record, ENTRY do
    if sub(record, e, e + 9) == key then
      if sub(record, e + 10, e + 13) ~= sub(asked, 11, 14) then return -1 end
      local mark = sub(record, e + 16, e + 27)
      return mark .. (isPending(mark) and '1' or '0')
    end
    local high, low = byte(record, e + 14, e + 15)
    held = held + high * 256 + low
  end
  return nil, held
end

local reply = {at, epoch, tonumber(h[9])}
local heads, texts = ARGV[3], ARGV[4]
local head, text = 1, 1
for n = 1, tonumber(ARGV[1]) do
  local field, asked = sub(heads, head, head + 11), sub(heads, head + 12, head + 27)
  local q1, q2, l1, l2 = byte(heads, head + 26, head + 29)
  local quantity, length = q1 * 256 + q2, l1 * 256 + l2
  local shard = prefix .. shardOf(field, shards)
  local record = call('HGET', shard, field)
  local outcome, held = nil, 0
  if record then outcome, held = known(record, asked) end
  if outcome then -- known
  elseif closed then outcome = closed
  elseif held + quantity > limit then outcome = -5
  elseif pending >= pendingMax then outcome = -6
  elseif quantity > remaining then outcome = -7
  else
    local mark = packBytes('>c9I3', idHead, seq % 16777216)
    call('HSET', shard, field, record and record .. asked .. mark or asked .. mark)
    marks[2 * taken + 1] = mark
    marks[2 * taken + 2] = sub(texts, text, text + length - 1)
    remaining, pending, taken = remaining - quantity, pending + 1, taken + 1
    outcome = seq
    seq = seq + 1
  end
  reply[n + 3] = outcome
  head, text = head + 30, text + length
end

if taken > 0 then
  local units = tonumber(h[10]) - remaining
  call('HSET', pendingKey, unpack(marks))
  -- One batch is due as a whole: its sequences follow one another.
  call('ZADD', dueKey, at, marks[1] .. packBytes('>I2B', taken, 0))
  call('HSET', stock, 'remaining', remaining, 'seq', seq, 'pendingUnits', h[13] + units,
    'changes', h[14] + 1)
end
return reply
