-- worker, agent, capacity → 0 if it lives elsewhere, else its fence

local worker, agent, capacity = unpack(ARGV)
local found = call('HGET', P .. 'a:' .. agent, 'w')
if found and found ~= worker and lease(found) then return 0 end
if found == worker then return call('HGET', P .. 'a:' .. agent, 'f') end
if found then bury(found) end
local fence = settle(agent, worker, capacity)
unhold(agent)
return fence
