-- worker, client → what is kept for the client, and every message in the worker's inbox:
-- id, agent, fence, header, data, and how it was cancelled or ''

local worker, client = unpack(ARGV)
local out = {}
for _, entry in ipairs(call('XRANGE', P .. 'w:' .. worker .. ':i', '-', '+')) do
  local agent, header, data = entry[2][2], entry[2][4], entry[2][6]
  local _, caller, serial = take_apart(header)
  local fence = call('HGET', P .. 'a:' .. agent, 'f')
  local how = call('HGET', P .. 'c:' .. caller, 'x' .. serial) or ''
  for _, value in ipairs({entry[1], agent, fence, header, data, how}) do
    out[#out + 1] = value
  end
end
return {call('HGETALL', P .. 'c:' .. client), out}
