-- client, serial, agent, how

local client, serial, agent, how = unpack(ARGV)
if not is_caller_known(client) then return end
call('HSET', P .. 'c:' .. client, 'x' .. serial, how)
if take_held(agent, client, serial) then return answer(client, serial, 'w') end
local worker = call('HGET', P .. 'a:' .. agent, 'w')
local found = worker and lease(worker)
if found then tell(found:sub(2), table.concat({'x', client, serial, how}, ' ')) end
