-- agent, text → 1 if a worker hosts it, and was told

local worker = call('HGET', P .. 'a:' .. ARGV[1], 'w')
local found = worker and lease(worker)
if not found then return 0 end
tell(found:sub(2), ARGV[2])
return 1
