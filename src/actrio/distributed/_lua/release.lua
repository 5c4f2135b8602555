-- worker, agents → for each whether its place is given up

local worker, out = ARGV[1], {}
for i = 2, #ARGV do
  local agent = ARGV[i]
  local found = call('HMGET', P .. 'a:' .. agent, 'w', 'n')
  local is_free = found[1] == worker and tonumber(found[2]) <= 0
  if is_free then
    call('DEL', P .. 'a:' .. agent)
    call('SREM', P .. 'w:' .. worker .. ':a', agent)
    while admit(agent) do end
    unhold(agent)
  end
  out[#out + 1] = is_free and 1 or 0
end
return out
