-- Fills a sealed bucket, which stays sealed. Settings that are newer than the loader's stay, and so
-- do restocks that the loader's snapshot lacks.
-- ARGV   epoch, remaining, loadedVersion, pages, buckets, limit, version, then the fields of that
--        version and their values in turn
-- Reply  1, or 0 if it is not sealed under this epoch
if not sealedUnder(ARGV[1]) then return 0 end
local remaining, loadedVersion = tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = {}
local all = redis.call('HGETALL', stock)
local before = {}
for n = 1, #all, 2 do
  before[all[n]] = all[n + 1]
  local version = tonumber(string.match(all[n], '^restock:(%d+)$'))
  if version and version > loadedVersion then
    remaining = remaining + all[n + 1]
    kept[#kept + 1] = all[n]
    kept[#kept + 1] = all[n + 1]
  end
end
local newer = tonumber(before.version or -1) > tonumber(ARGV[7])
redis.call('DEL', stock, pendingKey, dueKey)
redis.call('HSET', stock, 'epoch', ARGV[1], 'incarnation', before.incarnation, 'sealed', 1,
  'remaining', remaining, 'loadedVersion', loadedVersion, 'buyersEpoch', ARGV[1],
  'pages', ARGV[4], 'buckets', ARGV[5], 'limit', ARGV[6], 'seq', 0, 'pendingUnits', 0,
  'released', 0, 'changes', 0, 'version', newer and before.version or ARGV[7])
for n = 8, #ARGV, 2 do
  redis.call('HSET', stock, ARGV[n], newer and before[ARGV[n]] or ARGV[n + 1])
end
if before.fence then redis.call('HSET', stock, 'fence', before.fence) end
if #kept > 0 then redis.call('HSET', stock, unpack(kept)) end
return 1
