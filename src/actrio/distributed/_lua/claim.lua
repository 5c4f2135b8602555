-- worker, agent → its fence if it lives there, or does from now on; 0 if that cannot be; or W
-- and the worker where it lives

local worker, agent = ARGV[1], ARGV[2]
local kind = type_of(agent)
local found = call('HGET', P .. 'a:' .. agent, 'w')
if found and not lease(found) then
  bury(found)
  found = call('HGET', P .. 'a:' .. agent, 'w')
end
if found == worker then return call('HGET', P .. 'a:' .. agent, 'f') end
if found then return {'W', found} end
local capacity = call('HGET', P .. 't:' .. kind, worker)
if not capacity or not lease(worker) then return 0 end
return settle(agent, worker, capacity == INSTANCES and 1 or capacity)
