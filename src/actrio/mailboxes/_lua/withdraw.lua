-- client, serial, recipient or *, lane → K; what its owner was shown already stays

local client, serial, name, lane = unpack(ARGV)
local ticket = client .. ':' .. serial

local function leave_queue(b)
  if call('HDEL', b.key .. ':h', ticket) == 0 then return false end
  call('LREM', b.key .. ':w', 1, ticket)
  b.w = b.w - 1
  return true
end

-- from the end, where it most often is, and no further than what this client sent before
local function leave_box(b, lane)
  if lane <= b.win then return end
  local key, to = b.key .. ':' .. lane, '+'
  repeat
    local some = call('XREVRANGE', key, to, '(' .. b.d[lane + 1], 'COUNT', 16)
    for _, entry in ipairs(some) do
      local who, which = entry[2][4]:match('^(.-):(.*)$')
      if who == client and tonumber(which) <= tonumber(serial) then
        if which == serial then
          call('XDEL', key, entry[1])
          b.n[lane + 1] = b.n[lane + 1] - 1
        end
        return
      end
      to = '(' .. entry[1]
    end
  until #some < 16
end

local numbers = name == '*' and call('HVALS', P .. 'names')
  or {call('HGET', P .. 'names', name)}
for _, number in ipairs(numbers) do
  local b = number and open_box(number)
  if b then
    if not leave_queue(b) and name ~= '*' then leave_box(b, tonumber(lane)) end
    admit(b)
    save_box(b)
  end
end
return {'K'}
