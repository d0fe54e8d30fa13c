-- Ends a load: the bucket sells.
-- ARGV   epoch
-- Reply  1, or 0 if it is not sealed under this epoch
if not sealedUnder(ARGV[1]) then return 0 end
redis.call('HDEL', stock, 'sealed')
return 1
