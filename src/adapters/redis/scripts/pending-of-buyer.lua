-- Finds the pending reservations of one buyer.
-- ARGV   the buyer's hash
-- Reply  in turn a mark and what is known of it
local h = redis.call('HMGET', stock, 'buyersEpoch', 'pages')
if not h[1] then return {} end
local page = redis.call('GET', pagesOf(h[1]) .. pageOf(ARGV[1], tonumber(h[2]))) or ''
local reply = {}
local at = findRecord(page, ARGV[1], 0, 1)
while at do
  local mark = string.sub(page, at + 28, at + 39)
  local known = redis.call('HGET', pendingKey, mark)
  if known then
    reply[#reply + 1] = mark
    reply[#reply + 1] = known
  end
  at = findRecord(page, ARGV[1], 0, at + RECORD)
end
return reply
