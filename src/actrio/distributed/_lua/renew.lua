-- worker, client, lease, how long its client is remembered, name or ''
-- → 0, or 1 and the time

local worker, client, ttl, remembered, name = unpack(ARGV)
local key = P .. 'm:' .. worker
local found = call('GET', key)
if not found then return {0} end
call('SET', key, found, 'PX', ttl)
call('ZADD', P .. 'm', now() + ttl, worker)
call('PEXPIRE', P .. 'c:' .. client, remembered)
if name ~= '' then call('PEXPIRE', P .. 'n:' .. name, ttl) end
for _, other in ipairs(call('ZRANGEBYSCORE', P .. 'm', '-inf', now())) do
  if not lease(other) then bury(other) end
end
return {1, now()}
