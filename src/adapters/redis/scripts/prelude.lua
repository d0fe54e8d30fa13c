-- Shared by all scripts. KEYS[1] is the stock of one bucket; its companions share its hash tag and
-- so its slot: <stock>:pending, <stock>:due, <stock>:b:<epoch>:<shard>.
--
-- Numbers are doubles here and exact up to 2^53; times are milliseconds since 1970.

local stock = KEYS[1]
local pendingKey = stock .. ':pending'
local dueKey = stock .. ':due'

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Changes whenever the server starts or is promoted: what it holds may then be older than what it
-- once answered.
local function incarnation()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

-- Why the bucket cannot be asked, or nil. `found` is HMGET epoch, incarnation, sealed.
local function notLoaded(epoch, loadedUnder, sealed)
  if not epoch then return 'it was never loaded, or its data are gone' end
  if sealed then return 'it is being loaded' end
  if loadedUnder ~= incarnation() then return 'Redis restarted or failed over since the load' end
  return nil
end

local function shardKey(epoch, shards, field)
  local b1, b2, b3, b4 = string.byte(field, 1, 4)
  local n = (b1 * 16777216 + b2 * 65536 + b3 * 256 + b4) % shards
  return stock .. ':b:' .. epoch .. ':' .. n
end
