-- Decides a batch of requests, in order, as decideReserve in domain/reservation.ts does.
-- ARGV[1]  how many requests; none is a way to learn how long an answer takes
-- ARGV[2]  the bucket
-- ARGV[3]  30 bytes a request: a record without its mark, 28, and the length of its text 2
-- ARGV[4]  the texts one after the other: quantity 2 bytes, then what a sweep needs besides to
--          append the order again
-- ARGV[5]  token of the lock under which the batch is decided, or ''
-- Reply    {text} if it is not loaded, {-1} if a higher token has been here, else
--          {now, epoch, version, outcome…}; an outcome is the
--          sequence of a reservation, a negative refusal, or 13 bytes of a known order: its mark,
--          then '1' if it is pending, else '0'.
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'state', 'opens', 'ends',
  'limit', 'pendingMax', 'version', 'remaining', 'seq', 'pages', 'pendingUnits', 'changes', 'fence')
local why = notLoaded(h[1], h[2], h[3])
if why then return {why} end
local token, fence = tonumber(ARGV[5]), tonumber(h[15] or 0)
if token and token < fence then return {-1} end
if token and token > fence then redis.call('HSET', stock, 'fence', ARGV[5]) end

local call, sub, byte = redis.call, string.sub, string.byte
local unpackBytes, packBytes = struct.unpack, struct.pack
local at = now()
local epoch, state, opens, ends = tonumber(h[1]), h[4], tonumber(h[5]), tonumber(h[6])
local limit, pendingMax = tonumber(h[7]), tonumber(h[8])
local remaining, seq, pages = tonumber(h[10]), tonumber(h[11]), tonumber(h[12])
local pending = call('HLEN', pendingKey)
local prefix = pagesOf(h[1])

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

-- What a page says about a request, or nil and the units its buyer holds.
local function known(page, asked)
  local held, field = 0, sub(asked, 1, 12)
  local at = findRecord(page, field, 0, 1)
  while at do
    if sub(page, at + 12, at + 21) == sub(asked, 13, 22) then
      if sub(page, at + 22, at + 25) ~= sub(asked, 23, 26) then return -1 end
      local mark = sub(page, at + 28, at + 39)
      return mark .. (isPending(mark) and '1' or '0')
    end
    local high, low = byte(page, at + 26, at + 27)
    held = held + high * 256 + low
    at = findRecord(page, field, 0, at + RECORD)
  end
  return nil, held
end

local heads, texts, count = ARGV[3], ARGV[4], tonumber(ARGV[1])
local names = {}
for n = 1, count do names[n] = prefix .. unpackBytes('>I4', heads, n * 30 - 29) % pages end
local before = count > 0 and call('MGET', unpack(names)) or {}
local added = {}

local reply = {at, epoch, tonumber(h[9])}
local head, text = 1, 1
for n = 1, count do
  local asked = sub(heads, head, head + 27)
  local q1, q2, l1, l2 = byte(heads, head + 26, head + 29)
  local quantity, length = q1 * 256 + q2, l1 * 256 + l2
  local name, page = names[n], before[n] or ''
  if added[name] then page = page .. added[name] end
  local outcome, held = known(page, asked)
  if outcome then -- known
  elseif closed then outcome = closed
  elseif held + quantity > limit then outcome = -5
  elseif pending >= pendingMax then outcome = -6
  elseif quantity > remaining then outcome = -7
  else
    local mark = packBytes('>c9I3', idHead, seq % 16777216)
    added[name] = (added[name] or '') .. asked .. mark
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
  for name, records in pairs(added) do call('APPEND', name, records) end
  local units = tonumber(h[10]) - remaining
  call('HSET', pendingKey, unpack(marks))
  -- One batch is due as a whole: its sequences follow one another.
  call('ZADD', dueKey, at, marks[1] .. packBytes('>I2B', taken, 0))
  call('HSET', stock, 'remaining', remaining, 'seq', seq, 'pendingUnits', h[13] + units,
    'changes', h[14] + 1)
end
return reply
