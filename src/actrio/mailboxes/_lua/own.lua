-- number, epoch, how many to show, bytes, is the connection new, (what, lane, id)…
-- → K credit (lane, id, again, payload)…, L if there is another owner, G if it is gone;
-- credit is below 0 unless all is shown
--
-- What an owner does: t take, d be done, g give back, u give back as if never taken, x be
-- done with an answer.

local number, epoch, count, bytes, is_back = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local b = open_box(number)
if not b or b.epoch ~= tonumber(epoch) then return {b and 'L' or 'G'} end
b.is_asked = tonumber(count) > 0 or nil
for i = 6, #ARGV, 3 do
  local what, lane, id = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  if what == 't' then take(b, lane, id, is_back == '1')
  elseif what == 'd' then finish(lane, id)
  elseif what == 'x' then call('XDEL', b.key .. ':a', id)
  else
    carry_out(b)
    give_back(b, lane, id, what == 'g' and '!' or '')
  end
end
carry_out(b)
admit(b)
local out = {'K', -credit(b)}
if b.is_asked then show(b, tonumber(count), tonumber(bytes), out) end
if b.all then out[2] = credit(b) end
b.is_asked = nil
save_box(b)
if is_back == '1' then
  for _, entry in ipairs(call('XRANGE', b.key .. ':a', '-', '+')) do
    tell(b.owner, 'a', b.number, b.epoch, entry[1], entry[2][2])
  end
end
return out
