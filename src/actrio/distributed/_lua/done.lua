-- worker, then for each message: id, agent, capacity, client, serial, reply or '', why it is a dead
-- letter or ''

local inbox = P .. 'w:' .. ARGV[1] .. ':i'
for i = 2, #ARGV, 7 do
  local id, agent, capacity, client, serial, reply, reason = unpack(ARGV, i, i + 6)
  -- else it was done before, or is somebody else's by now
  if reason ~= '' then
    local entry = call('XRANGE', inbox, id, id)[1]
    if entry then dead(reason, agent, entry[2][4], entry[2][6]) end
  end
  if call('XDEL', inbox, id) == 1 then
    local left = call('HINCRBY', P .. 'a:' .. agent, 'n', -1)
    if left >= tonumber(capacity) then admit(agent) end
    if reply ~= '' then answer(client, serial, reply) end
  end
end
