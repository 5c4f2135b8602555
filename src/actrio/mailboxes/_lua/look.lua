-- name → K, four counts of passed, four lists of (again, payload)…; U

local b = find_box(ARGV[1])
if not b then return {'U'} end
local out = {'K', unpack(b.p)}
for lane = 0, 3 do
  local entries = {}
  for id, again, payload in walk(b, lane, b.n[lane + 1]) do
    entries[#entries + 1] = again
    entries[#entries + 1] = payload
  end
  out[#out + 1] = entries
end
return out
