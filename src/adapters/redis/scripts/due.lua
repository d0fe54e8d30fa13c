-- Says what is due, oldest first, and forgets batches that are settled. Looks at so many orders
-- only that it holds nobody up for long.
-- ARGV   before, most orders to say, most orders to look at, batches to skip: those said before
-- Reply  {how many batches to skip next, or -1 at the end, then in turn a batch's due time and how
--        many of its orders are pending}
local before, most, lookAt = '(' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local skip = tonumber(ARGV[4])
local reply = {-1}
while most > 0 do
  local found = redis.call('ZRANGEBYSCORE', dueKey, '-inf', before, 'WITHSCORES', 'LIMIT', skip, 1)
  local batch = found[1]
  if not batch then return reply end
  if lookAt <= 0 then break end
  local marks = marksOf(batch)
  local pending = 0
  for _, known in ipairs(redis.call('HMGET', pendingKey, unpack(marks))) do
    if known then pending = pending + 1 end
  end
  lookAt = lookAt - #marks
  if pending == 0 then
    redis.call('ZREM', dueKey, batch)
  else
    skip = skip + 1
    most = most - pending
    reply[#reply + 1] = found[2]
    reply[#reply + 1] = pending
  end
end
if most > 0 then reply[1] = skip end
return reply
