-- worker, client, name or ''

local worker, client, name = unpack(ARGV)
for _, kind in ipairs(call('SMEMBERS', P .. 'w:' .. worker .. ':t')) do unhost(worker, kind) end
bury(worker)
call('DEL', P .. 'c:' .. client)
if name ~= '' and call('GET', P .. 'n:' .. name) == client then call('DEL', P .. 'n:' .. name) end
