-- client, serial, agents…: copies of what was published are not wanted any more

local client, serial = ARGV[1], ARGV[2]
for i = 3, #ARGV do
  local agent = ARGV[i]
  if not take_held(agent, client, serial) then
    local worker = call('HGET', P .. 'a:' .. agent, 'w')
    local found = worker and lease(worker)
    if found then
      tell(found:sub(2), table.concat({'x', client, serial, 'p', agent}, ' '))
    end
  end
end
