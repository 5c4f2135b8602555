-- worker, type, capacity, (subscription, id)…

local worker, kind, capacity = ARGV[1], ARGV[2], ARGV[3]
if not lease(worker) then return 0 end
call('HSET', P .. 't:' .. kind, worker, capacity)
call('HDEL', P .. 't:' .. kind, '-')
call('SADD', P .. 'w:' .. worker .. ':t', kind)
local added = 0
for i = 4, #ARGV, 2 do
  added = added + call('HSETNX', P .. 'subs', ARGV[i], ARGV[i + 1])
end
if added > 0 then call('HINCRBY', P .. 'ns', 'subs', 1) end
for _, agent in ipairs(call('SMEMBERS', P .. 'held:' .. kind)) do unhold(agent) end
return 1
