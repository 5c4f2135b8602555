-- client, serial, agent, how

local client, serial, agent, how = unpack(ARGV)
if not is_caller_known(client) then return end
call('HSET', P .. 'c:' .. client, 'x' .. serial, how)
local held = P .. 'h:' .. agent
for _, entry in ipairs(call('XRANGE', held, '-', '+')) do
  local _, caller, number = take_apart(entry[2][2])
  if caller == client and number == serial then
    call('XDEL', held, entry[1])
    if call('XLEN', held) == 0 then
      call('DEL', held)
      call('SREM', P .. 'held:' .. type_of(agent), agent)
    end
    return answer(client, serial, 'w')
  end
end
local worker = call('HGET', P .. 'a:' .. agent, 'w')
local found = worker and lease(worker)
if found then tell(found:sub(2), table.concat({'x', client, serial, how}, ' ')) end
