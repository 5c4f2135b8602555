-- client, version → K with the last number of the client, V version, T key

local client, version = ARGV[1], ARGV[2]
for _, key in ipairs({'bus', 'names'}) do
  if not is_of_type(P .. key, 'hash') then return {'T', P .. key} end
end
if not is_of_type(P .. 'c:' .. client, 'string') then return {'T', P .. 'c:' .. client} end
call('HSETNX', P .. 'bus', 'version', version)
local found = call('HGET', P .. 'bus', 'version')
if found ~= version then return {'V', found} end
return {'K', call('GET', P .. 'c:' .. client) or '0'}
