-- worker → the messages in its inbox

local worker = ARGV[1]
local found = call('GET', P .. 'm:' .. worker)
if not found then return 0 end
call('SET', P .. 'm:' .. worker, '-' .. found:sub(2), 'KEEPTTL')
leases[worker] = nil
for _, kind in ipairs(call('SMEMBERS', P .. 'w:' .. worker .. ':t')) do
  local others = hosts(kind)
  for i = 1, #others, 2 do
    if stays(others[i]) then
      unhost(worker, kind)
      break
    end
  end
end
return call('XLEN', P .. 'w:' .. worker .. ':i')
