-- client, how many serials it has seen, these, then for each message: kind, serial, how many
-- milliseconds it has left or 0, version of the subscriptions, data, how many agents, these
-- → for each published one: serial, S if the subscriptions have changed, A if it was sent
-- before, or for each agent K, W if the publisher is to wait, U if nobody hosts its type

local client, i = ARGV[1], 3
local mine = P .. 'c:' .. client
for _ = 1, ARGV[2] do
  call('HDEL', mine, 'r' .. ARGV[i], 'x' .. ARGV[i], 'u' .. ARGV[i])
  i = i + 1
end
call('HSETNX', mine, 's', 0)  -- else nobody would be answered, if the server has lost its data
local before = tonumber(call('HGET', mine, 's'))
local version, last, out

local function publish(header, serial, expected, data, from, to)
  version = version or subscriptions_version()
  if expected ~= version then
    call('HSET', mine, 'u' .. serial, 1)
    return 'S'
  end
  local states = {}
  for j = from, to do
    local agent = ARGV[j]
    local number, capacity = route(agent, header, data)
    local state = 'K'
    if number == 'refused' then
      state = 'U'
    elseif number ~= 'held' and number > capacity then
      call('RPUSH', P .. 'q:' .. agent, client .. ' ' .. serial)
      state = 'W'
    end
    states[#states + 1] = state
  end
  return table.concat(states)
end

while i <= #ARGV do
  local kind, serial, left, expected, data, count = unpack(ARGV, i, i + 5)
  local is_again = tonumber(serial) <= before
  local deadline = left == '0' and '0' or now() + left
  local header = table.concat({kind, client, serial, 0, deadline}, ' ')
  i = i + 6
  if not is_request(kind) then
    local state = 'A'
    if not is_again then
      state = publish(header, serial, expected, data, i, i + count - 1)
    elseif call('HEXISTS', mine, 'u' .. serial) == 1 then
      state = 'S'
    end
    out = out or {}
    out[#out + 1] = serial
    out[#out + 1] = state
  elseif not is_again then
    route(ARGV[i], header, data)
  end
  i = i + count
  last = serial
end
if last then call('HSET', mine, 's', math.max(before, last)) end
return out
