-- Shared by all scripts, after a clock. KEYS[1] is the stock hash of one bucket; its companions
-- share its hash tag and so its slot: <stock>:pending, <stock>:due, <stock>:b:<epoch>:<page>.
--
-- Numbers are doubles here and exact up to 2^53; times are milliseconds since 1970.
-- A mark names an order within its sale, as its id does: time 6 bytes, bucket 1, epoch 2,
-- sequence 3.
-- A record is one live order, 40 bytes: buyer's hash 12, request key's hash 10, fingerprint's hash
-- 4, quantity 2, mark 12. A page is a string of the records of some buyers, in no order.
-- What is pending is a hash from mark to quantity, 2 bytes, and the text that a sweep needs.
-- What is due is a sorted set of batches by time: mark of the first order 12, how many orders of
-- consecutive sequences 2, how often they were swept 1. Some or all may be settled by now.

local stock = KEYS[1]
local pendingKey = stock .. ':pending'
local dueKey = stock .. ':due'
local RECORD = 40

-- Changes whenever the server starts, is promoted or starts over as a replica: what it holds may
-- then be older than what was once answered. None on a replica, which may lag behind its master.
local function incarnation()
  local info = redis.call('INFO', 'replication')
  return string.find(info, 'role:master', 1, true) and string.match(info, 'master_replid:(%x+)')
end

-- Why the bucket cannot be asked, or nil. The arguments are these fields of the stock hash.
local function notLoaded(epoch, loadedUnder, sealed)
  if not epoch then return 'it was never loaded, or its data are gone' end
  if sealed then return 'it is being loaded' end
  if loadedUnder ~= incarnation() then return 'Redis was restarted or failed over since' end
  return nil
end

-- Whether the bucket is being loaded under this epoch, and nothing was lost since it was sealed.
local function sealedUnder(wanted)
  local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed')
  return h[1] == wanted and h[3] and h[2] == incarnation()
end

-- What the names of pages begin with.
local function pagesOf(epoch) return stock .. ':b:' .. epoch .. ':' end

-- Which of them holds a buyer, from his hash.
local function pageOf(field, pages)
  return struct.unpack('>I4', field) % pages
end

-- Where in a page the next record is that has these bytes at an offset; nil if there is none.
local function findRecord(page, bytes, offset, from)
  local at = string.find(page, bytes, from + offset, true)
  while at and (at - 1 - offset) % RECORD ~= 0 do at = string.find(page, bytes, at + 1, true) end
  return at and at - offset
end

-- The marks of a batch that is due.
local function marksOf(batch)
  local head, first, count = struct.unpack('>c9I3I2', batch)
  local marks = {}
  for n = 1, count do marks[n] = head .. struct.pack('>I3', (first + n - 1) % 16777216) end
  return marks
end
