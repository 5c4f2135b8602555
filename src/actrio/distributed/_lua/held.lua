-- take a message back that is held for an agent without a place; say whether there was one
local function take_held(agent, client, serial)
  local held = P .. 'h:' .. agent
  for _, entry in ipairs(call('XRANGE', held, '-', '+')) do
    local _, caller, number = take_apart(entry[2][2])
    if caller == client and number == serial then
      call('XDEL', held, entry[1])
      if call('XLEN', held) == 0 then
        call('DEL', held)
        call('SREM', P .. 'held:' .. type_of(agent), agent)
      end
      return true
    end
  end
  return false
end
