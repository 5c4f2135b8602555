-- client, serial, again, sender, lane, payload → one like those of SEND, K with more

local client, serial, again, sender, lane, payload = unpack(ARGV)
lane = tonumber(lane)
local ticket, boxes = client .. ':' .. serial, {}
local all = call('HGETALL', P .. 'names')
local is_known = again == '1'
for i = 1, #all, 2 do
  local b = all[i] ~= sender and open_box(all[i + 1])
  if b then boxes[#boxes + 1] = {name = all[i], b = b} else is_known = true end
end
if not is_known then return {refuse(client, serial, 'sender')} end
for _, one in ipairs(boxes) do
  local key = one.b.key .. ':' .. lane
  if not is_of_type(key, 'stream') then return {{'X', 'WRONGTYPE ' .. key}} end
end
table.sort(boxes, function(x, y) return tonumber(x.b.number) < tonumber(y.b.number) end)
local out = {'K'}
for _, one in ipairs(boxes) do
  local state
  if again == '1' then
    state = call('HEXISTS', one.b.key .. ':h', ticket) == 1 and 'W' or 'K'
  else
    state = offer(one.b, lane, payload, ticket)
    save_box(one.b)
  end
  for _, value in ipairs({state, one.name, one.b.number}) do out[#out + 1] = value end
end
if again == '0' then was_sent(client, serial) end
return {out}
