-- client, (serial, again, sender, recipient, lane, payload, answers)…
-- → for each: K state name number, state W if it waits for room, K if not; U who; X error

local client, out = ARGV[1], {}
local boxes, known = {}, {}

local function send(serial, again, sender, name, lane, payload, answers)
  if not boxes[name] then boxes[name] = find_box(name) end
  local b, ticket = boxes[name], client .. ':' .. serial
  if again == '1' then
    if not b or was_refused(client, serial) then return {'U', 'recipient'} end
    local waits = call('HEXISTS', b.key .. ':h', ticket) == 1
    return {'K', waits and 'W' or 'K', name, b.number}
  end
  known[sender] = known[sender] or call('HEXISTS', P .. 'names', sender) == 1
  if not known[sender] then return refuse(client, serial, 'sender') end
  if not b then return refuse(client, serial, 'recipient') end
  if answers ~= '1' then
    local state, fault = offer(b, tonumber(lane), payload, ticket)
    if not state then return {'X', fault} end
    return {'K', state, name, b.number}
  end
  local id = redis.pcall('XADD', b.key .. ':a', '*', 'd', payload)
  if id.err then return {'X', id.err} end
  tell(b.owner, 'a', b.number, b.epoch, id, payload)
  return {'K', 'K', name, b.number}
end

local last
for i = 2, #ARGV, 7 do
  out[#out + 1] = send(unpack(ARGV, i, i + 6))
  if ARGV[i + 1] == '0' then last = ARGV[i] end
end
for _, b in pairs(boxes) do save_box(b) end
if last then was_sent(client, last) end
return out
