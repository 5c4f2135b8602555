-- name, client, capacity, is it of its own, takeover, attempt, again
-- → K number epoch late, E, T key

local name, client, capacity, own, takeover, attempt, again = unpack(ARGV)
local b = find_box(name)
if b and again == '1' and b.attempt == attempt then return {'K', b.number, b.epoch, 0} end
if not b then
  local number = call('HINCRBY', P .. 'bus', 'number', 1)
  local key = P .. 'b:' .. number
  for _, rest in ipairs({'', ':0', ':1', ':2', ':3', ':w', ':h', ':a',
                         ':0:r', ':1:r', ':2:r', ':3:r'}) do
    if call('EXISTS', key .. rest) == 1 then return {'T', key .. rest} end
  end
  call('HSET', P .. 'names', name, number)
  for lane = 0, 3 do
    call('XGROUP', 'CREATE', key .. ':' .. lane, 'g', '0', 'MKSTREAM')
  end
  save_box({key = key, number = number, owner = client, epoch = 1, attempt = attempt,
    capacity = tonumber(capacity), all = false, win = -1, shown = 0, back = 0, w = 0,
    n = {0, 0, 0, 0}, p = {0, 0, 0, 0}, d = {'0-0', '0-0', '0-0', '0-0'}})
  return {'K', number, 1, 0}
end
if takeover == '0' then return {'E'} end
tell(b.owner, 'l', b.number, b.epoch)
if b.owner ~= client and b.shown > 0 then
  -- what the last owner was shown it may have given out without telling
  local next_ones = {}
  for lane, id in walk_all(b, b.shown) do
    next_ones[#next_ones + 1] = {lane, id}
    if #next_ones == b.shown then break end
  end
  for _, one in ipairs(next_ones) do take(b, one[1], one[2], false) end
  carry_out(b)
end
b.owner, b.epoch, b.shown, b.attempt = client, b.epoch + 1, 0, attempt
for lane = 0, 3 do
  local key = b.key .. ':' .. lane
  local waiting, pending, from = {}, {}, '-'
  for _, id in ipairs(call('LRANGE', key .. ':r', 0, -1)) do
    waiting[id:match('[^!]+')] = true
  end
  repeat
    local some = call('XPENDING', key, 'g', from, '+', 1000)
    for _, one in ipairs(some) do
      if not waiting[one[1]] then pending[#pending + 1] = one[1] end
      from = '(' .. one[1]
    end
  until #some < 1000
  for i = #pending, 1, -1 do call('LPUSH', key .. ':r', pending[i] .. '!') end
  b.n[lane + 1] = b.n[lane + 1] + #pending
  b.back = b.back + #pending
end
b.all, b.win = false, -1
if own == '1' then b.capacity = tonumber(capacity) end
admit(b)
save_box(b)
local late = call('XLEN', b.key .. ':a')
call('DEL', b.key .. ':a')
return {'K', b.number, b.epoch, late}
