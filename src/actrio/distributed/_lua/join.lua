-- version, worker, client, lease, how long its client is remembered, the worker that it was
-- before or '', name or '' → V version, N, T key; or K, the last serial, the time, and what
-- is kept for the client

local version, worker, client, ttl, remembered, before, name = unpack(ARGV)
for key, kind in pairs({ns = 'hash', subs = 'hash', m = 'zset', dead = 'stream'}) do
  local found = call('TYPE', P .. key).ok
  if found ~= 'none' and found ~= kind then return {'T', P .. key} end
end
call('HSETNX', P .. 'ns', 'version', version)
local found = call('HGET', P .. 'ns', 'version')
if found ~= version then return {'V', found} end
if name ~= '' then
  local holder = call('GET', P .. 'n:' .. name)
  if holder and holder ~= client then return {'N'} end
  call('SET', P .. 'n:' .. name, client, 'PX', ttl)
end
if before ~= '' then bury(before) end
call('SET', P .. 'm:' .. worker, '+' .. client, 'PX', ttl)
call('ZADD', P .. 'm', now() + ttl, worker)
call('HSETNX', P .. 'c:' .. client, 's', 0)
call('PEXPIRE', P .. 'c:' .. client, remembered)
return {'K', now(), call('HGETALL', P .. 'c:' .. client)}
