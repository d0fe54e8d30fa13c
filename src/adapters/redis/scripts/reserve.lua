-- Decides a batch of requests, in order (domain/reservation.ts, decideReserve).
-- ARGV[1]  28 bytes a request: buyer 12, request key 10, fingerprint 4, quantity 2
-- ARGV[2…] per request what a sweep needs: buyer id, request key, fingerprint
-- Reply: {text} if not loaded, else {now, epoch, version, outcome…}; an outcome is the sequence
-- of a reservation, a negative refusal, or 12 bytes of a known order: its id's 11, then '1' if
-- it is pending.

local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'state', 'opens', 'ends',
  'limit', 'pendingMax', 'version', 'remaining', 'pending', 'seq', 'shards')
local why = notLoaded(h[1], h[2], h[3])
if why then return {why} end

local epoch = tonumber(h[1])
local state, opens, ends = h[4], tonumber(h[5]), tonumber(h[6])
local limit, pendingMax = tonumber(h[7]), tonumber(h[8])
local remaining, pending, seq = tonumber(h[10]), tonumber(h[11]), tonumber(h[12])
local shards = tonumber(h[13])
local at = now()

local closed = nil
if state == 'closed' or (ends and at >= ends) then closed = -4
elseif state == 'paused' then closed = -3
elseif state == 'scheduled' and not (opens and at >= opens) then closed = -2
end

local reply = {at, epoch, tonumber(h[9])}
local marks, dues = {}, {}
local taken = 0
local idHead = struct.pack('>I6I2', at, epoch)

local heads = ARGV[1]
for n = 1, #ARGV - 1 do
  local from = (n - 1) * 28 + 1
  local field = string.sub(heads, from, from + 11)
  local key = string.sub(heads, from + 12, from + 21)
  local print = string.sub(heads, from + 22, from + 25)
  local quantity = struct.unpack('>I2', heads, from + 26)
  local shard = shardKey(epoch, shards, field)
  local record = redis.call('HGET', shard, field) or ''
  local outcome, held = nil, 0
  for e = 1, #record, 27 do
    if string.sub(record, e, e + 9) == key then
      if string.sub(record, e + 23, e + 26) ~= print then
        outcome = -1
      else
        local madeUnder, number = struct.unpack('>I2I3', record, e + 16)
        local open = madeUnder == epoch
          and redis.call('HEXISTS', pendingKey, epoch .. ':' .. number) == 1
        -- Marks of this very batch are not written yet.
        if madeUnder == epoch and number >= seq - taken then open = true end
        outcome = string.sub(record, e + 10, e + 20) .. (open and '1' or '0')
      end
      break
    end
    held = held + struct.unpack('>I2', record, e + 21)
  end
  if not outcome then
    if closed then outcome = closed
    elseif held + quantity > limit then outcome = -5
    elseif pending >= pendingMax then outcome = -6
    elseif quantity > remaining then outcome = -7
    else
      outcome = seq
      local entry = key .. idHead .. struct.pack('>I3I2', seq, quantity) .. print
      redis.call('HSET', shard, field, record .. entry)
      local mark = epoch .. ':' .. seq
      marks[#marks + 1] = mark
      marks[#marks + 1] = struct.pack('>I6I2I1', at, quantity, 0) .. ARGV[n + 1]
      dues[#dues + 1] = at
      dues[#dues + 1] = mark
      remaining = remaining - quantity
      pending = pending + 1
      taken = taken + 1
      seq = seq + 1
    end
  end
  reply[n + 3] = outcome
end

if taken > 0 then
  local units = tonumber(h[10]) - remaining
  redis.call('HSET', pendingKey, unpack(marks))
  redis.call('ZADD', dueKey, unpack(dues))
  redis.call('HSET', stock, 'remaining', remaining, 'pending', pending, 'seq', seq)
  redis.call('HINCRBY', stock, 'pendingUnits', units)
  redis.call('HINCRBY', stock, 'changes', 1)
end
return reply
