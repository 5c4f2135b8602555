-- the ids of dead letters → for each R if it is on its way again, G if it is gone, U if nobody
-- hosts its type, F if the inbox of its agent is full

-- as what it is sent again: who waited for a request does so no more
local KINDS = {n = 'q', N = 'Q'}

local function replay(id, fields)
  local agent, header, data = fields[4], fields[6], fields[8]
  local kind = type_of(agent)
  if not place(agent, header) and (not is_known(kind) or has_only_instances(kind)) then
    return 'U'
  end
  local found = call('HMGET', P .. 'a:' .. agent, 'n', 'c')
  if found[1] and tonumber(found[1]) >= tonumber(found[2]) then return 'F' end
  local word = header:sub(1, 1)
  local serial = call('HINCRBY', P .. 'ns', 'replayed', 1)
  local words = {KINDS[word] or word, NOBODY, serial, 0, 0}
  call('XDEL', P .. 'dead', id)
  route(agent, table.concat(words, ' '), data)
  return 'R'
end

local out = {}
for i, id in ipairs(ARGV) do
  local entry = call('XRANGE', P .. 'dead', id, id)[1]
  out[i] = entry and replay(id, entry[2]) or 'G'
end
return out
