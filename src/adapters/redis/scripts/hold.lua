-- Adds live orders of the ledger to a sealed and filled bucket; again without effect.
-- ARGV   epoch, records
-- Reply  1, or 0 if it is not sealed under this epoch
if not sealedUnder(ARGV[1]) then return 0 end
local pages = tonumber(redis.call('HGET', stock, 'pages'))
local prefix = pagesOf(ARGV[1])
local added = {}
for from = 1, #ARGV[2], RECORD do
  local record = string.sub(ARGV[2], from, from + RECORD - 1)
  local name = prefix .. pageOf(record, pages)
  local new = added[name] or ''
  local page = (redis.call('GET', name) or '') .. new
  if not findRecord(page, record, 0, 1) then added[name] = new .. record end
end
for name, records in pairs(added) do redis.call('APPEND', name, records) end
return 1
