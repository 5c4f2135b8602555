-- name, number → K, U if there is none with that number

local b = find_box(ARGV[1])
if not b or b.number ~= tonumber(ARGV[2]) then return {'U'} end
for _, ticket in ipairs(call('LRANGE', b.key .. ':w', 0, -1)) do
  local client, serial = ticket:match('^(.-):(.*)$')
  tell(client, 'u', serial, b.number)
end
call('HDEL', P .. 'names', ARGV[1])
call('DEL', b.key, b.key .. ':w', b.key .. ':h', b.key .. ':a')
for lane = 0, 3 do call('DEL', b.key .. ':' .. lane, b.key .. ':' .. lane .. ':r') end
tell(b.owner, 'g', b.number, b.epoch)
return {'K'}
