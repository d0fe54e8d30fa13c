-- Finds what a load replaces: the pages of the load before, which nobody reads any more.
-- ARGV   epoch
-- Reply  nil if the bucket is not sealed under it, else {epoch, pages} of those
if not sealedUnder(ARGV[1]) then return false end
local h = redis.call('HMGET', stock, 'buyersEpoch', 'pages')
return {h[1] or '0', h[2] or '0'}
