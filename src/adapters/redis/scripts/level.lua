-- Everything but the buyers. Reply: {} if not loaded, else field and value in turn.
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed')
if notLoaded(h[1], h[2], h[3]) then return {} end
return redis.call('HGETALL', stock)
